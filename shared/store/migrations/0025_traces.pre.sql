-- The trace that a job belongs to, as shared/trace.py keeps it. Nothing is stored for a job that has none: the
-- bitmap of what is NULL has room for it.
ALTER TABLE job ADD COLUMN trace text;
ALTER TABLE job_archive ADD COLUMN trace text;

-- As it was, but that a step which is cancelled keeps its trace.
CREATE OR REPLACE FUNCTION settle_steps(
    of_org bigint, ended bigint[], workflows bigint[], endings text[], settled_at timestamptz,
    cancelled_workflow bigint DEFAULT NULL
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    counted_workflows bigint[] := workflows;
    counted_endings text[] := endings;
    ready text[] := '{}';
    layer_ready text[];
    layer_workflows bigint[];
    children bigint[];
    told bigint;
BEGIN
    WHILE cardinality(ended) > 0 LOOP
        UPDATE job_dependency AS edge SET outcome = dependency_outcome(edge.type, settled.ending)
        FROM unnest(ended, endings) AS settled(id, ending)
        WHERE edge.org_id = of_org AND edge.parent_id = settled.id AND edge.outcome = 'open';

        children := ARRAY(
            SELECT job.id FROM job
            WHERE job.org_id = of_org AND job.state = 'waiting' AND job.id = ANY(ARRAY(
                SELECT edge.child_id FROM job_dependency AS edge
                WHERE edge.org_id = of_org AND edge.parent_id = ANY(ended)
            ))
            ORDER BY job.id
            FOR UPDATE
        );

        WITH judged AS MATERIALIZED (
            SELECT job.id, judgement.verdict, judgement.unmet
            FROM job
            CROSS JOIN LATERAL step_verdict(of_org, job.id, job.dependency_mode) AS judgement
            WHERE job.org_id = of_org AND job.id = ANY(children)
        ),
        advanced AS (
            UPDATE job SET
                state = CASE judged.verdict WHEN 'ready' THEN 'pending' ELSE 'waiting' END,
                unmet_parents = judged.unmet,
                updated_at = settled_at
            FROM judged
            WHERE job.org_id = of_org AND job.id = judged.id AND judged.verdict IN ('ready', 'waiting')
            RETURNING job.*
        ),
        removed AS (
            DELETE FROM job
            USING judged
            WHERE job.org_id = of_org AND job.id = judged.id AND judged.verdict IN ('cancelled', 'skipped')
            RETURNING job.*, judged.verdict
        ),
        archived AS (
            INSERT INTO job_archive (
                org_id, id, queue, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags,
                created_at, started_at, expires_at, lease_id, worker_id, idempotency_key, parent_job_id,
                completion_webhook, completion_webhook_secret, workflow_id, step_key, dependency_mode,
                has_children, trace, state, last_error, never_ran, log, updated_at, finished_at
            )
            SELECT org_id, id, queue, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags,
                   created_at, started_at, expires_at, lease_id, worker_id, idempotency_key, parent_job_id,
                   completion_webhook, completion_webhook_secret, workflow_id, step_key, dependency_mode,
                   has_children, trace, 'cancelled', last_error,
                   CASE verdict WHEN 'skipped' THEN 'not_needed' ELSE 'parent_failed' END,
                   CASE WHEN jsonb_array_length(log) >= 100 THEN log - 0 ELSE log END || jsonb_build_object(
                       'event', 'cancelled', 'at', settled_at, 'reason',
                       CASE verdict
                           WHEN 'skipped' THEN 'Not needed: no job that it waits for failed'
                           ELSE 'A job that it waits for failed or was cancelled'
                       END
                   ),
                   settled_at, settled_at
            FROM removed
            RETURNING *
        )
        SELECT (
                   SELECT tell(of_org, '{job.ready}', array_agg(job_event(
                       advanced.id, advanced.queue, advanced.state, advanced.priority, advanced.attempts,
                       advanced.max_retries, advanced.run_at, advanced.workflow_id, advanced.worker_id, NULL, NULL,
                       'scheduled', NULL, settled_at
                   ) ORDER BY advanced.id), settled_at)
                   FROM advanced
                   WHERE job_status(advanced.state, advanced.attempts, advanced.run_at, settled_at) = 'pending'
                     AND is_watched(of_org, settled_at)
                   HAVING count(*) > 0
               ),
               coalesce((SELECT array_agg(advanced.queue) FROM advanced WHERE advanced.state = 'pending'), '{}'),
               coalesce(array_agg(archived.id), '{}'),
               coalesce(array_agg(archived.workflow_id), '{}'),
               coalesce(array_agg(
                   CASE archived.never_ran WHEN 'not_needed' THEN 'skipped' ELSE 'cancelled' END
               ), '{}'),
               CASE WHEN count(*) > 0 THEN tell(of_org, '{job.cancelled}', array_agg(job_event(
                   archived.id, archived.queue, archived.state, archived.priority, archived.attempts,
                   archived.max_retries, archived.run_at, archived.workflow_id, archived.worker_id, NULL,
                   archived.log -> -1 ->> 'reason', 'scheduled', NULL, settled_at
               )), settled_at) END
        INTO told, layer_ready, ended, layer_workflows, endings, told
        FROM archived;

        ready := ready || layer_ready;
        counted_workflows := counted_workflows || layer_workflows;
        counted_endings := counted_endings || endings;
    END LOOP;

    PERFORM FROM workflow
    WHERE workflow.org_id = of_org AND workflow.id = ANY(counted_workflows)
    ORDER BY workflow.id
    FOR NO KEY UPDATE;

    WITH counted AS (
        UPDATE workflow SET
            completed_jobs = workflow.completed_jobs + tally.completed,
            failed_jobs = workflow.failed_jobs + tally.failed,
            cancelled_jobs = workflow.cancelled_jobs + tally.cancelled,
            skipped_jobs = workflow.skipped_jobs + tally.skipped,
            state = tally.state,
            updated_at = settled_at,
            completed_at = CASE
                WHEN tally.state IN ('pending', 'running') THEN NULL
                ELSE coalesce(workflow.completed_at, settled_at)
            END
        FROM (
            SELECT now_ended.*, known.state IN ('pending', 'running') AS was_open,
                   CASE
                       WHEN known.state NOT IN ('pending', 'running') THEN known.state
                       WHEN known.id = cancelled_workflow THEN 'cancelled'
                       WHEN known.completed_jobs + known.failed_jobs + known.cancelled_jobs + known.skipped_jobs
                           + now_ended.steps < known.total_jobs THEN known.state
                       WHEN known.failed_jobs + known.cancelled_jobs + now_ended.failed + now_ended.cancelled > 0
                           THEN 'failed'
                       ELSE 'completed'
                   END AS state
            FROM (
                SELECT step.workflow_id, count(*) AS steps,
                       count(*) FILTER (WHERE step.ending = 'completed') AS completed,
                       count(*) FILTER (WHERE step.ending IN ('failed', 'deadletter')) AS failed,
                       count(*) FILTER (WHERE step.ending = 'cancelled') AS cancelled,
                       count(*) FILTER (WHERE step.ending = 'skipped') AS skipped
                FROM unnest(counted_workflows, counted_endings) AS step(workflow_id, ending)
                WHERE step.workflow_id IS NOT NULL
                GROUP BY step.workflow_id
            ) AS now_ended
            JOIN workflow AS known ON known.org_id = of_org AND known.id = now_ended.workflow_id
        ) AS tally
        WHERE workflow.org_id = of_org AND workflow.id = tally.workflow_id
        RETURNING workflow, tally.was_open
    )
    SELECT sum(tell(
        of_org, ARRAY['workflow.' || (counted.workflow).state], ARRAY[workflow_event(counted.workflow)], settled_at
    ))
    INTO told
    FROM counted
    WHERE counted.was_open AND (counted.workflow).state IN ('completed', 'failed', 'cancelled');

    RETURN ready;
END
$$;
