-- delete_unfinished hot --
-- In batches, so that no transaction is long; each job is locked in the order of its id. Who waits for one of
-- them elsewhere is told as if it were cancelled. The queue is part of the order: as an equality it would be none,
-- and a plan for any queue would go through all jobs of the organization by their id.
WITH archived AS (
    DELETE FROM job
    WHERE job.org_id = %(org_id)s AND job.id = ANY(ARRAY(
        SELECT doomed.id FROM job AS doomed
        WHERE doomed.org_id = %(org_id)s AND doomed.queue BETWEEN %(name)s AND %(name)s
        ORDER BY doomed.queue, doomed.id
        LIMIT %(limit)s
        FOR UPDATE
    ))
    RETURNING job.id, job.queue, job.priority, job.attempts, job.max_retries, job.run_at, job.workflow_id,
              job.worker_id, job.has_children, 'cancelled' AS state,
              job_status(job.state, job.attempts, job.run_at, %(now)s) AS previous
),
advanced AS (
    {{advanced}}
)
SELECT archived.id, {{told}} AS told, (SELECT advanced.queues FROM advanced) AS ready_queues FROM archived;

-- delete_finished hot --
DELETE FROM job_archive
WHERE job_archive.org_id = %(org_id)s AND job_archive.id = ANY(ARRAY(
    SELECT doomed.id FROM job_archive AS doomed
    WHERE doomed.org_id = %(org_id)s AND doomed.queue BETWEEN %(name)s AND %(name)s
    ORDER BY doomed.queue, doomed.id
    LIMIT %(limit)s
))
RETURNING job_archive.id;

-- delete_queue hot --
WITH gone AS (
    DELETE FROM queue
    WHERE queue.org_id = %(org_id)s AND queue.name = %(name)s
      AND NOT EXISTS (SELECT FROM job WHERE job.org_id = %(org_id)s AND job.queue = %(name)s)
    RETURNING queue.name, queue.enabled, queue.paused_at
)
SELECT {{told_deleted}} AS told FROM gone;
