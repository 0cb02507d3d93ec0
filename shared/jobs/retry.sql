-- retry_jobs hot --
-- The job keeps its id and its log; attempts, error and expiry start afresh. What was cancelled because of
-- it comes back with it, to wait for it again.
WITH found AS MATERIALIZED (
    SELECT job_archive.id, job_archive.has_children OR job_archive.workflow_id IS NOT NULL AS is_step
    FROM job_archive
    WHERE job_archive.org_id = %(org_id)s AND job_archive.id = ANY(%(ids)s::bigint[])
      AND job_archive.state = ANY(%(states)s::text[])
      AND (%(queues)s::text[] IS NULL OR job_archive.queue = ANY(%(queues)s::text[]))
    FOR UPDATE
),
chosen AS MATERIALIZED (
    SELECT found.id, 0 AS unmet FROM found WHERE NOT found.is_step
    UNION ALL
    SELECT reopened.step_id, reopened.unmet
    FROM (SELECT array_agg(found.id) AS ids FROM found WHERE found.is_step HAVING count(*) > 0) AS steps
    CROSS JOIN LATERAL reopen_steps(%(org_id)s, steps.ids, %(now)s) AS reopened
),
removed AS (
    DELETE FROM job_archive
    USING chosen
    WHERE job_archive.org_id = %(org_id)s AND job_archive.id = chosen.id
    RETURNING job_archive.*, chosen.unmet
),
revived AS (
    INSERT INTO job (
        org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags, created_at,
        updated_at, idempotency_key, parent_job_id, completion_webhook, completion_webhook_secret, workflow_id,
        step_key, dependency_mode, unmet_parents, has_children, trace, log
    )
    SELECT org_id, id, queue, CASE unmet WHEN 0 THEN 'pending' ELSE 'waiting' END, priority, %(now)s, 0, max_retries,
           timeout_seconds, payload, tags, created_at, %(now)s, idempotency_key, parent_job_id, completion_webhook,
           completion_webhook_secret, workflow_id, step_key, dependency_mode, unmet, has_children, trace,
           {{log}} || jsonb_build_object('event', 'retried', 'at', %(now)s::timestamptz)
    FROM removed
    RETURNING *
)
SELECT revived.*, NULL::json AS result, NULL::timestamptz AS finished_at, {{told}} AS told FROM revived;
