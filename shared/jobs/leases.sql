-- extend_leases hot --
-- Only a live lease can be extended: a lapsed one may be another worker's in the next instant.
UPDATE job SET leased_until = %(now)s::timestamptz + %(seconds)s::integer * interval '1 second', updated_at = %(now)s
WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[])
  AND {{held}}
RETURNING job.*;

-- release_jobs hot --
-- The attempt is taken back: a worker that shuts down has not tried the job.
WITH released AS (
    UPDATE job SET
        state = 'pending', attempts = job.attempts - 1, lease_id = NULL, leased_until = NULL,
        run_at = coalesce(%(run_at)s::timestamptz, job.run_at),
        worker_id = NULL, updated_at = %(now)s,
        log = {{log}} || jsonb_build_object(
            'event', 'released', 'at', %(now)s::timestamptz, 'worker_id', job.worker_id, 'attempt', job.attempts,
            'claimed_at', job.started_at
        )
    WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[])
      AND {{held}}
    RETURNING job.*
)
SELECT released.*, NULL::json AS result, NULL::timestamptz AS finished_at, {{told}} AS told FROM released;

-- lock_lapsed hot --
-- Whoever comes second skips what the first has locked, so two timers never count one lapse twice.
SELECT job.id, job.lease_id
FROM job
WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
  AND job.leased_until <= %(now)s::timestamptz
  AND (%(only)s::bigint IS NULL OR job.id = %(only)s)
ORDER BY job.leased_until
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED;

-- find_lapsed hot --
-- Steps from one queue with running jobs to the next and looks at the earliest lease of each: the cost is
-- one probe a queue, and the hot table needs no second index of leases.
WITH RECURSIVE running AS (
    (
        SELECT job.org_id, job.queue, job.leased_until
        FROM job
        WHERE job.state = 'processing'
        ORDER BY job.org_id, job.queue, job.leased_until
        LIMIT 1
    )
    UNION ALL
    SELECT next.org_id, next.queue, next.leased_until
    FROM running
    CROSS JOIN LATERAL (
        SELECT job.org_id, job.queue, job.leased_until
        FROM job
        WHERE job.state = 'processing' AND (job.org_id, job.queue) > (running.org_id, running.queue)
        ORDER BY job.org_id, job.queue, job.leased_until
        LIMIT 1
    ) AS next
)
SELECT running.org_id, running.queue FROM running WHERE running.leased_until <= %(now)s::timestamptz;
