-- claim_jobs hot --
-- Two consumers never hold one job: FOR UPDATE SKIP LOCKED. The walk goes from one priority to the next
-- lower one and looks in each only at what is due, so that a million jobs delayed at a high priority cost
-- one index probe, not a scan (PostgreSQL 18 would skip by itself, 15 to 17 would not). The commit of a
-- claim alone need not wait for the disk: a claim lost in a crash is claimed again. A claim that follows a
-- settle in its transaction (`after` names a job that must have been settled by it) leaves that as it is.
-- A queue with limits is left to the same statement with a budget, behind the queue's lock. One asker takes
-- all that is due up to the limit; of several each takes one, in their order and that of the jobs.
WITH RECURSIVE {{budget}}{{walk}},
due AS MATERIALIZED (
    SELECT candidate.id
    FROM {{level}}
    CROSS JOIN LATERAL (
        SELECT job.id FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
          AND job.priority = level.priority{{from_mark}} AND {{due}}
          AND {{unexpired}}
        ORDER BY job.run_at, job.id
        LIMIT {{limit}}
        FOR UPDATE SKIP LOCKED
    ) AS candidate
    WHERE NOT EXISTS (
        SELECT FROM queue
        WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
          AND ({{closed}})
    )
      AND (%(after)s::bigint IS NULL OR is_settled_here(%(org_id)s, %(after)s))
    LIMIT {{limit}}
),
claimed AS (
    UPDATE job SET
        state = 'processing',
        attempts = job.attempts + 1,
        lease_id = next_id(),
        leased_until = %(now)s::timestamptz
            + coalesce({{lease_seconds}}, job.timeout_seconds) * interval '1 second',
        worker_id = {{worker_id}},
        started_at = %(now)s,
        updated_at = %(now)s
    WHERE job.org_id = %(org_id)s AND job.id = ANY (ARRAY(SELECT due.id FROM due))
    RETURNING {{answered}}, queue, state, worker_id{{for_asker}}
){{spent}}
SELECT {{answered}}{{asker}},
       (SELECT set_config('synchronous_commit', 'off', true) WHERE NOT %(follows)s::boolean) AS commit_mode,{{walked}}
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

-- asker --
-- A fragment: which of several askers gets a job.
array_position(ARRAY(SELECT due.id FROM due), job.id)

-- next_look hot --
-- When a waiting consumer should look again: the next job to fall due and the next lease to lapse, each
-- the first entry of an index. No row for a queue that yields nothing: only a wake-up can change that.
WITH RECURSIVE {{walk}},
first AS MATERIALIZED (
    SELECT level.priority, candidate.run_at, candidate.id
    FROM {{level}}
    CROSS JOIN LATERAL (
        SELECT job.run_at, job.id FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
          AND job.priority = level.priority{{from_mark}}
          AND {{unexpired}}
        ORDER BY job.run_at, job.id
        LIMIT 1
    ) AS candidate
)
SELECT (SELECT min(first.run_at) FROM first) AS next_due,
       {{next_lapse}} AS next_lapse,
       EXISTS (
           SELECT FROM queue
           WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
             AND (queue.concurrency IS NOT NULL OR queue.rate_limit IS NOT NULL)
       ) AS is_limited{{seen}}
WHERE NOT EXISTS (
    SELECT FROM queue
    WHERE queue.org_id = %(org_id)s AND queue.name = %(queue)s
      AND ({{paused}} OR {{disabled}})
);

-- next_lapse --
-- Nobody asks for it before a claim.
CASE WHEN %(sees_leases)s::boolean THEN (
    SELECT job.leased_until FROM job
    WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
    ORDER BY job.leased_until
    LIMIT 1
) END

-- seen --
-- A fragment: what comes first in each priority, and what it took to find it.
, CASE WHEN %(is_slow)s::boolean THEN ARRAY(SELECT first.priority FROM first) END AS priorities,
CASE WHEN %(is_slow)s::boolean THEN ARRAY(SELECT first.run_at FROM first) END AS run_ats,
CASE WHEN %(is_slow)s::boolean THEN ARRAY(SELECT first.id FROM first) END AS ids,
{{walked}} AS walked

-- counter --
-- PostgreSQL counts the entries that scans of an index return, dead ones too, for this connection. Read before
-- the walk and after it: a count that no load of the machine disturbs.
counter AS MATERIALIZED (
    SELECT pg_stat_get_xact_tuples_returned('job_claimable'::regclass) AS before
)

-- counted_level --
-- The walk begins when the counter has been read.
(
    SELECT level.* FROM counter
    CROSS JOIN LATERAL (SELECT level.* FROM level WHERE counter.before IS NOT NULL OFFSET 0) AS level
) AS level

-- walked --
pg_stat_get_xact_tuples_returned('job_claimable'::regclass) - (SELECT counter.before FROM counter)

-- walk_of_places --
-- The walk with the place of each priority's first job, so that what lies before it is walked over once.
level AS (
    (
        SELECT job.priority, job.run_at, job.id FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
        ORDER BY job.priority DESC, job.run_at, job.id
        LIMIT 1
    )
    UNION ALL
    SELECT lower.priority, lower.run_at, lower.id
    FROM level
    CROSS JOIN LATERAL (
        SELECT job.priority, job.run_at, job.id FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
          AND job.priority < level.priority
        ORDER BY job.priority DESC, job.run_at, job.id
        LIMIT 1
    ) AS lower
)

-- marks --
-- In the place of the walk: the priorities that are known, each with the place where it begins.
level AS MATERIALIZED (
    SELECT mark.priority, mark.run_at, mark.id
    FROM unnest(%(mark_priorities)s::smallint[], %(mark_run_ats)s::timestamptz[], %(mark_ids)s::bigint[])
        AS mark(priority, run_at, id)
    ORDER BY mark.priority DESC
)

-- from_mark --
AND (job.run_at, job.id) >= (level.run_at, level.id)

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
               {{free_places}},
               {{free_starts}}
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
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
        ORDER BY job.priority DESC
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT job.priority FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
          AND job.priority < level.priority
        ORDER BY job.priority DESC
        LIMIT 1
    )
    FROM level
    WHERE level.priority IS NOT NULL
)
