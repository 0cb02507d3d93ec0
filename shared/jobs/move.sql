-- move_jobs hot --
-- Only what waits is moved, and keeps what it was made with: priority, retries, timeout, idempotency key. The queue
-- comes into being with its first job, as by an enqueue.
WITH old AS (
    SELECT job.id, job.queue
    FROM job
    WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[]) AND job.state IN ('pending', 'waiting')
      AND job.queue <> %(queue)s
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
    FOR UPDATE
),
moved AS (
    UPDATE job SET
        queue = %(queue)s, updated_at = %(now)s,
        log = {{log}} || jsonb_build_object('event', 'moved', 'at', %(now)s::timestamptz, 'from', old.queue)
    FROM old
    WHERE job.org_id = %(org_id)s AND job.id = old.id
    RETURNING job.*
),
-- A key that is held to other queues sees the workflow no more.
widened AS (
    UPDATE workflow SET queues = workflow.queues || %(queue)s::text
    FROM (
        SELECT workflow.id FROM workflow
        WHERE workflow.org_id = %(org_id)s AND workflow.id IN (SELECT moved.workflow_id FROM moved)
          AND NOT workflow.queues @> ARRAY[%(queue)s::text]
        ORDER BY workflow.id
        FOR NO KEY UPDATE
    ) AS entered
    WHERE workflow.org_id = %(org_id)s AND workflow.id = entered.id
)
SELECT moved.id, moved.state, moved.queue, moved.priority, moved.run_at, {{told}} AS told FROM moved;

-- declare_queue hot --
SELECT CASE WHEN NOT EXISTS (SELECT FROM queue WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s)
            THEN declare_queues(%(org_id)s::bigint, ARRAY[%(queue)s::text], %(now)s) ELSE 0 END AS new_queues;
