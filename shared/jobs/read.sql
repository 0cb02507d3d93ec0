-- find_job hot --
-- A job moves from the hot table to the archive in one transaction, so one snapshot has it exactly once.
SELECT {{carried}}, state, last_error, log, updated_at, leased_until, unmet_parents,
       NULL::json AS result, NULL::timestamptz AS finished_at
FROM job
WHERE org_id = %(org_id)s AND id = %(id)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
UNION ALL
SELECT {{carried}}, state, last_error, log, updated_at, leased_until, unmet_parents, result, finished_at
FROM job_archive
WHERE org_id = %(org_id)s AND id = %(id)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]));


-- find_jobs hot --
SELECT id, queue, state, attempts, max_retries, run_at, created_at, started_at, NULL::timestamptz AS finished_at
FROM job
WHERE org_id = %(org_id)s AND id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
UNION ALL
SELECT id, queue, state, attempts, max_retries, run_at, created_at, started_at, finished_at
FROM job_archive
WHERE org_id = %(org_id)s AND id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]));
