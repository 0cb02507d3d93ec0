-- Workflows and dependencies: jobs that wait for other jobs.

CREATE TABLE workflow (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    name text NOT NULL,
    description text,
    metadata json,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    -- The queues of its steps: a key that is held to other queues does not see the workflow.
    queues text[] NOT NULL,
    -- Counted in the transaction that ends a step, so that the last one ends the workflow.
    total_jobs integer NOT NULL,
    completed_jobs integer NOT NULL DEFAULT 0,
    failed_jobs integer NOT NULL DEFAULT 0,
    cancelled_jobs integer NOT NULL DEFAULT 0,
    skipped_jobs integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (org_id, id),
    CONSTRAINT no_step_ends_twice CHECK (
        least(completed_jobs, failed_jobs, cancelled_jobs, skipped_jobs) >= 0
        AND completed_jobs + failed_jobs + cancelled_jobs + skipped_jobs <= total_jobs
    )
) WITH (fillfactor = 80);
CREATE INDEX workflow_ended ON workflow (completed_at) WHERE completed_at IS NOT NULL;
CALL protect_tenant_table('workflow');

CREATE TABLE job_dependency (
    org_id bigint NOT NULL,
    child_id bigint NOT NULL,
    parent_id bigint NOT NULL,
    -- What the child waits for: the parent's success, its end whatever it is, or its failure.
    type text NOT NULL CHECK (type IN ('success', 'completion', 'failure')),
    -- `open` until the parent ends; then whether the child got what it waits for (`met`), did not because
    -- something failed (`failed`), or did not because all went well (`unneeded`).
    outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'met', 'failed', 'unneeded')),
    PRIMARY KEY (org_id, child_id, parent_id)
) WITH (fillfactor = 80);
CREATE INDEX job_dependency_by_parent ON job_dependency (org_id, parent_id);
CREATE INDEX job_dependency_by_age ON job_dependency (child_id);
CALL protect_tenant_table('job_dependency');

-- Why a cancelled job was never given to anybody: what it waited for failed, or was not needed.
ALTER TABLE job_archive ADD COLUMN never_ran text CHECK (never_ran IN ('parent_failed', 'not_needed'));

-- What a parent's end means to a child. `skipped` is the end of a parent that was not needed itself.
CREATE FUNCTION dependency_outcome(type text, ending text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN type = 'completion' THEN 'met'
    WHEN ending = 'completed' THEN CASE type WHEN 'success' THEN 'met' ELSE 'unneeded' END
    WHEN ending = 'skipped' THEN 'unneeded'
    WHEN ending = 'cancelled' THEN 'failed'
    ELSE CASE type WHEN 'failure' THEN 'met' ELSE 'failed' END
END;

-- Whether a step may run (`ready`), must wait, or never can (`cancelled`, `skipped`), and for how many.
CREATE FUNCTION step_verdict(of_org bigint, step_id bigint, mode text)
RETURNS TABLE (verdict text, unmet integer)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT seen.verdict,
           CASE WHEN seen.verdict = 'waiting' THEN CASE WHEN mode = 'any' THEN 1 ELSE seen.open END ELSE 0 END
    FROM (
        SELECT CASE
                   WHEN count(*) = 0 THEN 'ready'
                   WHEN mode = 'any' THEN
                       CASE
                           WHEN bool_or(edge.outcome = 'met') THEN 'ready'
                           WHEN bool_or(edge.outcome = 'open') THEN 'waiting'
                           WHEN bool_or(edge.outcome = 'failed') THEN 'cancelled'
                           ELSE 'skipped'
                       END
                   WHEN bool_or(edge.outcome = 'failed') THEN 'cancelled'
                   WHEN bool_or(edge.outcome = 'unneeded') THEN 'skipped'
                   WHEN bool_or(edge.outcome = 'open') THEN 'waiting'
                   ELSE 'ready'
               END AS verdict,
               (count(*) FILTER (WHERE edge.outcome = 'open'))::integer AS open
        FROM job_dependency AS edge
        WHERE edge.org_id = of_org AND edge.child_id = step_id
    ) AS seen
$$;

-- Called by the statement that ended these jobs, in its transaction: children become ready or are cancelled,
-- layer by layer, and workflows are counted and ended. Returns a queue for each job that became ready.
--
-- Two parents that end at once on two connections both lock the child; the second waits, and its next
-- statement counts with a snapshot that has the first's commit. Nothing here reads what the calling statement
-- changed: it is told. Locks are taken in id order, workflows last.
CREATE FUNCTION settle_steps(
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
                has_children, state, last_error, never_ran, log, updated_at, finished_at
            )
            SELECT org_id, id, queue, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags,
                   created_at, started_at, expires_at, lease_id, worker_id, idempotency_key, parent_job_id,
                   completion_webhook, completion_webhook_secret, workflow_id, step_key, dependency_mode,
                   has_children, 'cancelled', last_error,
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

-- Called by the claim of their steps: workflows run from the first one on.
CREATE FUNCTION begin_workflows(of_org bigint, workflows bigint[], begun_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    told bigint;
BEGIN
    WITH begun AS (
        UPDATE workflow SET state = 'running', started_at = begun_at, updated_at = begun_at
        FROM (
            SELECT fresh.id FROM workflow AS fresh
            WHERE fresh.org_id = of_org AND fresh.id = ANY(workflows) AND fresh.state = 'pending'
            ORDER BY fresh.id
            FOR NO KEY UPDATE
        ) AS fresh
        WHERE workflow.org_id = of_org AND workflow.id = fresh.id
        RETURNING workflow
    )
    SELECT tell(of_org, '{workflow.started}', array_agg(workflow_event(begun.workflow)), begun_at)
    INTO told
    FROM begun
    WHERE is_watched(of_org, begun_at)
    HAVING count(*) > 0;
END
$$;

-- The results of a step's finished parents, by key. Not inlined on purpose: the claim of a job without a
-- workflow must not open the archive's partitions.
CREATE FUNCTION parent_results(of_org bigint, step_id bigint, of_workflow bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_object_agg(parent.step_key, parent.result), '{}')
        FROM job_dependency AS edge
        JOIN job_archive AS parent ON parent.org_id = of_org AND parent.id = edge.parent_id
        WHERE edge.org_id = of_org AND edge.child_id = step_id AND parent.workflow_id = of_workflow
    );
END
$$;

-- Called by the statement that brings these dead or cancelled jobs back, before it moves them: which come
-- back, they and what was cancelled because of them, and for how many parents each waits. One against which
-- another failure still stands stays as it is; one that turns out not to be needed is counted as such.
CREATE FUNCTION reopen_steps(of_org bigint, asked bigint[], reopened_at timestamptz)
RETURNS TABLE (step_id bigint, unmet integer)
LANGUAGE plpgsql AS $$
DECLARE
    candidates bigint[] := asked;
    layer bigint[];
    layer_waived bigint[];
    reopened bigint[] := '{}';
    waived bigint[] := '{}';
    told bigint;
BEGIN
    LOOP
        -- A parent that ends at this moment waits here, and then finds its child waiting.
        PERFORM FROM job_dependency AS edge
        WHERE edge.org_id = of_org AND edge.child_id = ANY(candidates)
        ORDER BY edge.child_id, edge.parent_id
        FOR UPDATE;

        PERFORM FROM job_archive AS step
        WHERE step.org_id = of_org AND step.id = ANY(candidates)
        ORDER BY step.id
        FOR UPDATE;

        SELECT coalesce(array_agg(step.id) FILTER (
                   WHERE step.state <> 'cancelled' OR judgement.verdict IN ('ready', 'waiting')
               ), '{}'),
               coalesce(array_agg(step.id) FILTER (
                   WHERE step.state = 'cancelled' AND judgement.verdict = 'skipped'
               ), '{}')
        INTO layer, layer_waived
        FROM job_archive AS step
        CROSS JOIN LATERAL step_verdict(of_org, step.id, step.dependency_mode) AS judgement
        WHERE step.org_id = of_org AND step.id = ANY(candidates) AND NOT step.id = ANY(reopened || waived)
          AND CASE
                  WHEN step.never_ran = 'not_needed' THEN false
                  WHEN step.never_ran = 'parent_failed' THEN true
                  ELSE step.state IN ('failed', 'deadletter', 'cancelled') AND step.id = ANY(asked)
              END;
        EXIT WHEN cardinality(layer) + cardinality(layer_waived) = 0;
        reopened := reopened || layer;
        waived := waived || layer_waived;

        UPDATE job_dependency AS edge
        SET outcome = CASE WHEN edge.parent_id = ANY(layer) THEN 'open' ELSE 'unneeded' END
        WHERE edge.org_id = of_org AND edge.parent_id = ANY(layer || layer_waived) AND edge.outcome = 'failed';

        candidates := ARRAY(
            SELECT DISTINCT edge.child_id FROM job_dependency AS edge
            WHERE edge.org_id = of_org AND edge.parent_id = ANY(layer || layer_waived)
        );
    END LOOP;

    PERFORM FROM workflow
    WHERE workflow.org_id = of_org AND workflow.id IN (
        SELECT step.workflow_id FROM job_archive AS step
        WHERE step.org_id = of_org AND step.id = ANY(reopened || waived)
    )
    ORDER BY workflow.id
    FOR NO KEY UPDATE;

    WITH counted AS (
        UPDATE workflow SET
            failed_jobs = workflow.failed_jobs - tally.failed,
            cancelled_jobs = workflow.cancelled_jobs - tally.cancelled - tally.waived,
            skipped_jobs = workflow.skipped_jobs + tally.waived,
            state = tally.state,
            updated_at = reopened_at,
            completed_at = CASE tally.state WHEN 'running' THEN NULL ELSE workflow.completed_at END
        FROM (
            SELECT now_open.*, known.state AS was,
                   CASE
                       WHEN known.state <> 'failed' THEN known.state
                       WHEN now_open.failed + now_open.cancelled > 0 THEN 'running'
                       WHEN known.failed_jobs + known.cancelled_jobs > now_open.waived THEN 'failed'
                       ELSE 'completed'
                   END AS state
            FROM (
                SELECT step.workflow_id,
                       count(*) FILTER (WHERE step.state <> 'cancelled') AS failed,
                       count(*) FILTER (WHERE step.state = 'cancelled' AND NOT step.id = ANY(waived)) AS cancelled,
                       count(*) FILTER (WHERE step.id = ANY(waived)) AS waived
                FROM job_archive AS step
                WHERE step.org_id = of_org AND step.id = ANY(reopened || waived)
                GROUP BY step.workflow_id
            ) AS now_open
            JOIN workflow AS known ON known.org_id = of_org AND known.id = now_open.workflow_id
        ) AS tally
        WHERE workflow.org_id = of_org AND workflow.id = tally.workflow_id
        RETURNING workflow, tally.was
    )
    SELECT sum(tell(
        of_org, ARRAY['workflow.' || CASE (counted.workflow).state WHEN 'running' THEN 'retried' ELSE 'completed' END],
        ARRAY[workflow_event(counted.workflow)], reopened_at
    ))
    INTO told
    FROM counted
    WHERE counted.was = 'failed' AND (counted.workflow).state IN ('running', 'completed');

    UPDATE job_archive SET never_ran = 'not_needed'
    WHERE job_archive.org_id = of_org AND job_archive.id = ANY(waived);

    RETURN QUERY
    SELECT step.id, judgement.unmet
    FROM job_archive AS step
    CROSS JOIN LATERAL step_verdict(of_org, step.id, step.dependency_mode) AS judgement
    WHERE step.org_id = of_org AND step.id = ANY(reopened);
END
$$;
