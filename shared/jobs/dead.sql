-- find_dead hot --
-- Oldest first; the literal state opens the index of dead jobs.
SELECT job_archive.id
FROM job_archive
WHERE job_archive.org_id = %(org_id)s AND job_archive.state = 'deadletter'
{{conditions}}
ORDER BY job_archive.id
LIMIT %(limit)s;

-- where_queue --
AND job_archive.queue = %(queue)s

-- where_keyed --
AND job_archive.queue = ANY(%(queues)s::text[])

-- where_ids --
AND job_archive.id = ANY(%(ids)s::bigint[])

-- where_older_than --
AND job_archive.finished_at < %(older_than)s::timestamptz

-- delete_finished hot --
DELETE FROM job_archive
WHERE job_archive.org_id = %(org_id)s AND job_archive.id = ANY(%(ids)s::bigint[])
  AND job_archive.state = ANY(%(states)s::text[])
  AND (%(queues)s::text[] IS NULL OR job_archive.queue = ANY(%(queues)s::text[]))
RETURNING job_archive.id;
