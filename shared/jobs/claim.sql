-- claim_jobs hot --
-- Two consumers never hold one job: FOR UPDATE SKIP LOCKED. The walk goes from one priority to the next
-- lower one and looks in each only at what is due, so that a million jobs delayed at a high priority cost
-- one index probe, not a scan (PostgreSQL 18 would skip by itself, 15 to 17 would not). The commit of a
-- claim alone need not wait for the disk: a claim lost in a crash is claimed again. A claim that follows a
-- settle in its transaction (`after` names a job that must have been settled by it) leaves that as it is.
-- A queue with limits is left to the same statement with a budget, behind the queue's lock.
WITH RECURSIVE {{budget}}{{walk}},
due AS MATERIALIZED (
    SELECT candidate.id
    FROM level
    CROSS JOIN LATERAL (
        SELECT job.id FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'pending'
          AND job.priority = level.priority AND job.run_at <= %(now)s::timestamptz
          AND (job.expires_at IS NULL OR job.expires_at > %(now)s::timestamptz)
        ORDER BY job.run_at, job.id
        LIMIT {{limit}}
        FOR UPDATE SKIP LOCKED
    ) AS candidate
    WHERE NOT EXISTS (
        SELECT FROM queue
        WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
          AND ({{closed}})
    )
      AND (%(after)s::bigint IS NULL OR EXISTS (
        SELECT FROM job_archive AS settled
        WHERE settled.org_id = %(org_id)s AND settled.id = %(after)s AND settled.xmin = pg_current_xact_id()::xid
    ))
    LIMIT {{limit}}
),
claimed AS (
    UPDATE job SET
        state = 'processing',
        attempts = job.attempts + 1,
        lease_id = next_id(),
        leased_until = %(now)s::timestamptz
            + coalesce(%(lease_seconds)s::integer, job.timeout_seconds) * interval '1 second',
        worker_id = %(worker_id)s,
        started_at = %(now)s,
        updated_at = %(now)s
    WHERE job.org_id = %(org_id)s AND job.id = ANY (ARRAY(SELECT due.id FROM due))
    RETURNING job.*
){{spent}}
SELECT claimed.*,
       (SELECT set_config('synchronous_commit', 'off', true) WHERE NOT %(follows)s::boolean) AS commit_mode,
       CASE WHEN claimed.workflow_id IS NOT NULL
           THEN parent_results(%(org_id)s, claimed.id, claimed.workflow_id)
       END AS parents,
       {{told}} AS told,
       (
           SELECT begin_workflows(%(org_id)s, array_agg(begun.workflow_id), %(now)s) IS NULL
           FROM claimed AS begun
           WHERE begun.workflow_id IS NOT NULL
           HAVING count(*) > 0
       ) AS begun
FROM claimed
ORDER BY claimed.priority DESC, claimed.run_at, claimed.id;

-- next_look hot --
-- When a waiting consumer should look again: the next job to fall due and the next lease to lapse, each
-- the first entry of an index. No row for a queue that yields nothing: only a wake-up can change that.
WITH RECURSIVE {{walk}}
SELECT (
           SELECT min(first.run_at)
           FROM level
           CROSS JOIN LATERAL (
               SELECT job.run_at FROM job
               WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'pending'
                 AND job.priority = level.priority
                 AND (job.expires_at IS NULL OR job.expires_at > %(now)s::timestamptz)
               ORDER BY job.run_at, job.id
               LIMIT 1
           ) AS first
       ) AS next_due,
       (
           SELECT job.leased_until FROM job
           WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
           ORDER BY job.leased_until
           LIMIT 1
       ) AS next_lapse,
       EXISTS (
           SELECT FROM queue
           WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
             AND (queue.concurrency IS NOT NULL OR queue.rate_limit IS NOT NULL)
       ) AS is_limited
WHERE NOT EXISTS (
    SELECT FROM queue
    WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
      AND (queue.paused_at IS NOT NULL OR NOT queue.enabled)
);

-- lock_limited_queue hot --
-- Claims of a limited queue go one after the other: the statement behind this one sees all earlier claims.
SELECT queue.concurrency, queue.rate_limit, queue_tokens(queue, %(now)s::timestamptz) AS tokens
FROM queue
WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
FOR NO KEY UPDATE;

-- budget --
-- What the limits leave of a claim. The last digits of a bucket that fills by fractions are forgiven.
budget AS MATERIALIZED (
    SELECT bucket.tokens,
           greatest(0, least(
               %(limit)s,
               queue.concurrency - (
                   SELECT count(*) FROM job
                   WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
               ),
               floor(bucket.tokens + 0.000001)
           ))::bigint AS allowed
    FROM queue
    CROSS JOIN LATERAL (SELECT queue_tokens(queue, %(now)s::timestamptz) AS tokens) AS bucket
    WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
)

-- spent --
-- An empty claim writes nothing.
spent AS (
    UPDATE queue SET
        tokens = budget.tokens - (SELECT count(*) FROM claimed),
        tokens_at = greatest(queue.tokens_at, %(now)s::timestamptz)
    FROM budget
    WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s AND queue.rate_limit IS NOT NULL
      AND EXISTS (SELECT FROM claimed)
)

-- walk --
-- From one priority to the next lower one, highest first: one index probe each, whatever waits in them.
level AS (
    (
        SELECT job.priority FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'pending'
        ORDER BY job.priority DESC
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT job.priority FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'pending'
          AND job.priority < level.priority
        ORDER BY job.priority DESC
        LIMIT 1
    )
    FROM level
    WHERE level.priority IS NOT NULL
)
