-- cancel_jobs hot --
-- Children are told once, after all of the batch is archived; jobs that nobody depends on tell nobody.
WITH removed AS (
    DELETE FROM job
    WHERE job.org_id = %(org_id)s AND {{which}}
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
    RETURNING job.*, {{log}} || jsonb_build_object(
        'event', 'cancelled', 'at', %(now)s::timestamptz, 'reason', %(reason)s::text
    ) AS final_log
),
archived AS (
    INSERT INTO job_archive ({{carried}}, state, last_error, log, updated_at, finished_at)
    SELECT {{carried}}, 'cancelled', last_error, final_log, %(now)s, %(now)s
    FROM removed
    RETURNING org_id, id, queue, state, priority, attempts, max_retries, run_at, workflow_id, worker_id, has_children
),
ended AS (
    SELECT archived.*, job_status(removed.state, removed.attempts, removed.run_at, %(now)s) AS previous
    FROM archived
    JOIN removed ON removed.id = archived.id
),
advanced AS (
    SELECT settle_steps(
               %(org_id)s, array_agg(archived.id), array_agg(archived.workflow_id), array_agg(archived.state),
               %(now)s, %(workflow_id)s
           ) AS queues
    FROM archived
    WHERE archived.has_children OR archived.workflow_id IS NOT NULL
    HAVING count(*) > 0
)
SELECT archived.org_id, archived.id, archived.queue, archived.workflow_id, archived.has_children,
       {{told}} AS told, (SELECT advanced.queues FROM advanced) AS ready_queues
FROM archived;

-- which_not_started --
-- Running jobs are left to their worker.
job.id = ANY(%(ids)s::bigint[]) AND job.state IN ('pending', 'waiting')

-- which_of_workflow --
-- Running steps too: their leases are void from here on.
job.workflow_id = %(workflow_id)s

-- find_expired hot --
-- Only jobs that have an expiry stand in this index.
SELECT job.org_id, job.id
FROM job
WHERE job.expires_at <= %(now)s::timestamptz AND job.state <> 'processing'
ORDER BY job.expires_at
LIMIT %(limit)s;
