-- dead_causes --
-- Counted in an index of dead jobs alone; then the newest of each group is read. Not hot: a plan without sorting
-- goes through the index by cause and sorts each group after all, where a hash takes half the time.
SELECT groups.cause, groups.jobs, groups.queues, groups.first_seen, groups.last_seen, groups.newest,
       example.last_error AS error
FROM (
    SELECT by_queue.cause, sum(by_queue.jobs)::bigint AS jobs, min(by_queue.first_seen) AS first_seen,
           max(by_queue.last_seen) AS last_seen, max(by_queue.newest) AS newest,
           (array_agg(by_queue.queue ORDER BY by_queue.jobs DESC, by_queue.queue))[1:20] AS queues
    FROM (
        SELECT job_archive.cause, job_archive.queue, count(*) AS jobs, min(job_archive.finished_at) AS first_seen,
               max(job_archive.finished_at) AS last_seen, max(job_archive.id) AS newest
        FROM job_archive
        WHERE job_archive.org_id = %(org_id)s AND job_archive.state = 'deadletter'
        {{conditions}}
        GROUP BY job_archive.cause, job_archive.queue
    ) AS by_queue
    GROUP BY by_queue.cause
    ORDER BY sum(by_queue.jobs) DESC, by_queue.cause
    LIMIT %(limit)s OFFSET %(offset)s
) AS groups
CROSS JOIN LATERAL (
    SELECT job_archive.last_error FROM job_archive
    WHERE job_archive.org_id = %(org_id)s AND job_archive.id = groups.newest
    LIMIT 1
) AS example
ORDER BY groups.jobs DESC, groups.cause;

-- where_queue --
AND job_archive.queue = %(queue)s

-- where_keyed --
AND job_archive.queue = ANY(%(queues)s::text[])

-- where_since --
AND job_archive.finished_at >= %(since)s::timestamptz

-- without_cause hot --
SELECT job_archive.org_id, job_archive.id, job_archive.last_error
FROM job_archive
WHERE job_archive.state = 'deadletter' AND job_archive.cause IS NULL
ORDER BY job_archive.id
LIMIT %(limit)s;

-- fill_causes hot --
UPDATE job_archive SET cause = filled.cause
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(causes)s::bigint[]) AS filled(org_id, id, cause)
WHERE job_archive.org_id = filled.org_id AND job_archive.id = filled.id AND job_archive.state = 'deadletter';
