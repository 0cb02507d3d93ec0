-- cancel_jobs hot --
-- Running jobs are left to their worker.
WITH removed AS (
    DELETE FROM job
    WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[]) AND job.state IN ('pending', 'waiting')
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
    RETURNING job.*, {{log}} || jsonb_build_object(
        'event', 'cancelled', 'at', %(now)s::timestamptz, 'reason', %(reason)s::text
    ) AS final_log
)
INSERT INTO job_archive ({{carried}}, state, last_error, log, updated_at, finished_at)
SELECT {{carried}}, 'cancelled', last_error, final_log, %(now)s, %(now)s
FROM removed
RETURNING org_id, id, queue, workflow_id, has_children;

-- find_expired hot --
-- Only jobs that have an expiry stand in this index.
SELECT job.org_id, job.id
FROM job
WHERE job.expires_at <= %(now)s::timestamptz AND job.state <> 'processing'
ORDER BY job.expires_at
LIMIT %(limit)s;
