-- jobs_of_worker hot --
-- By the index of what runs: a worker holds a few of those, and jobs that wait may be millions.
WITH running AS MATERIALIZED (
    SELECT job.id FROM job
    WHERE job.org_id = %(org_id)s AND job.state = 'processing' AND job.worker_id = %(worker_id)s
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
)
SELECT job.id, job.queue, job.state, job.priority, job.attempts, job.max_retries, job.last_error, job.created_at,
       job.updated_at, job.run_at, job.started_at, job.payload ->> 'job_type' AS job_type,
       NULL::timestamptz AS finished_at
FROM running
JOIN job ON job.org_id = %(org_id)s AND job.id = running.id
ORDER BY job.started_at, job.id
LIMIT %(limit)s;
