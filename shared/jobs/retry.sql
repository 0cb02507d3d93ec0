-- retry_jobs hot --
-- The job keeps its id and its log; attempts, error and expiry start afresh.
WITH removed AS (
    DELETE FROM job_archive
    WHERE job_archive.org_id = %(org_id)s AND job_archive.id = ANY(%(ids)s::bigint[])
      AND job_archive.state = ANY(%(states)s::text[])
      AND (%(queues)s::text[] IS NULL OR job_archive.queue = ANY(%(queues)s::text[]))
    RETURNING *
)
INSERT INTO job (
    org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags, created_at,
    updated_at, idempotency_key, parent_job_id, completion_webhook, completion_webhook_secret, workflow_id,
    step_key, dependency_mode, has_children, log
)
SELECT org_id, id, queue, 'pending', priority, %(now)s, 0, max_retries, timeout_seconds, payload, tags, created_at,
       %(now)s, idempotency_key, parent_job_id, completion_webhook, completion_webhook_secret, workflow_id,
       step_key, dependency_mode, has_children,
       {{log}} || jsonb_build_object('event', 'retried', 'at', %(now)s::timestamptz)
FROM removed
RETURNING *, NULL::json AS result, NULL::timestamptz AS finished_at;
