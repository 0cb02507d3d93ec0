-- complete_jobs hot --
-- Completion is a DELETE and an INSERT: the hot table stays small whatever the history. A batch returns what is
-- read of it and no more. Columns are computed in their order: an end is told before what it sets off.
-- Jobs are found by `= ANY` and not by a join: planned while the table is small, a join would go on to read all
-- jobs of the organization when it has grown.
WITH removed AS (
    DELETE FROM job
    WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[])
      AND {{held}}
    RETURNING job.*, (%(results)s::text[])[width_bucket(job.id, %(ids)s::bigint[])] AS result
),
archived AS (
    INSERT INTO job_archive ({{carried}}, state, last_error, log, updated_at, result, finished_at)
    SELECT {{carried}}, 'completed', last_error, log, %(now)s, result::json, %(now)s
    FROM removed
    RETURNING {{kept}}
),
advanced AS (
    {{advanced}}
)
SELECT {{returned}}, {{told_completed}} AS told, {{told_itself_completed}} AS told_itself,
       (SELECT advanced.queues FROM advanced) AS ready_queues, {{freed}} AS freed_queues
FROM archived;

-- fail_jobs hot --
-- One change for a reported failure and for a lapsed lease (`lapsed`): back to wait with backoff while
-- retries are left, else to the dead letters. The log keeps what each attempt ran into.
WITH failing AS MATERIALIZED (
    SELECT job.id, job.worker_id AS failed_by, hold.error, hold.cause,
           NOT hold.no_retry AND job.attempts <= job.max_retries AS will_retry,
           %(now)s::timestamptz + interval '1 second' * (
               least(
                   coalesce(queue.backoff_max_seconds, 3600),
                   coalesce(queue.retry_delay_seconds, 1)
                       * coalesce(queue.backoff_multiplier, 2) ^ greatest(job.attempts - 1, 0)
               ) + hold.jitter
           ) AS run_at,
           {{log}} || jsonb_build_object(
               'event', 'failed', 'at', %(now)s::timestamptz, 'attempt', job.attempts,
               'claimed_at', job.started_at, 'worker_id', job.worker_id, 'error', hold.error,
               'will_retry', NOT hold.no_retry AND job.attempts <= job.max_retries
           ) AS log
    FROM unnest(
        %(ids)s::bigint[], %(lease_ids)s::bigint[], %(errors)s::text[], %(causes)s::bigint[],
        %(no_retries)s::boolean[], %(jitters)s::double precision[]
    ) AS hold(id, lease_id, error, cause, no_retry, jitter)
    JOIN job ON job.org_id = %(org_id)s AND job.id = hold.id
    LEFT JOIN queue ON queue.org_id = job.org_id AND queue.name = job.queue
    WHERE CASE WHEN %(lapsed)s THEN job.state = 'processing' AND job.lease_id = hold.lease_id ELSE {{held}} END
    FOR UPDATE OF job
),
retried AS (
    UPDATE job SET
        state = 'pending', run_at = failing.run_at, last_error = failing.error, log = failing.log,
        lease_id = NULL, leased_until = NULL, worker_id = NULL, updated_at = %(now)s
    FROM failing
    WHERE job.org_id = %(org_id)s AND job.id = failing.id AND failing.will_retry
    RETURNING job.*, failing.failed_by
),
buried AS (
    DELETE FROM job
    USING failing
    WHERE job.org_id = %(org_id)s AND job.id = failing.id AND NOT failing.will_retry
    RETURNING job.*, failing.error AS final_error, failing.log AS final_log, failing.cause
),
archived AS (
    INSERT INTO job_archive ({{carried}}, state, last_error, cause, log, updated_at, finished_at)
    SELECT {{carried}}, 'deadletter', final_error, cause, final_log, %(now)s, %(now)s
    FROM buried
    RETURNING *
),
advanced AS (
    {{advanced}}
)
SELECT {{carried}}, state, last_error, log, updated_at, leased_until, unmet_parents,
       NULL::json AS result, NULL::timestamptz AS finished_at, {{told_retried}} AS told,
       NULL::bigint AS told_itself, NULL::text[] AS ready_queues, NULL::text[] AS freed_queues
FROM retried
UNION ALL
SELECT {{carried}}, state, last_error, log, updated_at, leased_until, unmet_parents, result, finished_at,
       {{told_buried}}, {{told_itself_failed}}, (SELECT advanced.queues FROM advanced), {{freed}}
FROM archived;
