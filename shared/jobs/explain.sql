-- explain_job hot --
-- What a claim of one job at this instant asks of it, in one snapshot, by the claim's own conditions. What stands
-- before the job is counted up to a ceiling, from one priority to the next lower one: what is not due costs one
-- probe each. A place that a lapsed lease takes is free: a claim that finds no place takes it back first. What a
-- queue does not limit is not counted.
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT job.id, job.state, job.priority, job.run_at, job.attempts, job.max_retries, job.last_error,
           job.created_at, job.expires_at, job.dependency_mode,
           {{pending}} AS is_pending, {{due}} AS is_due, {{unexpired}} AS is_unexpired
    FROM job
    WHERE job.org_id = %(org_id)s AND job.id = %(id)s AND job.queue = %(queue)s AND job.state <> 'processing'
),
{{walk}},
place AS MATERIALIZED (
    SELECT level.priority, asked.id,
           CASE WHEN level.priority > asked.priority THEN 'infinity' ELSE asked.run_at END AS run_at
    FROM asked
    JOIN level ON level.priority >= asked.priority
),
before AS (
    SELECT place.priority
    FROM place
    CROSS JOIN LATERAL (
        SELECT FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND {{pending}}
          AND job.priority = place.priority AND (job.run_at, job.id) < (place.run_at, place.id) AND {{due}}
          AND {{unexpired}}
        ORDER BY job.run_at, job.id
        LIMIT %(most)s::bigint + 1
    ) AS other
    LIMIT %(most)s::bigint + 1
)
SELECT asked.*,
       coalesce({{paused}}, false) AS is_paused, coalesce({{disabled}}, false) AS is_disabled,
       queue.paused_at, queue.pause_reason, queue.paused_by, queue.disabled_at, queue.disabled_by,
       queue.concurrency, queue.rate_limit, bucket.tokens, {{free_starts}}::bigint AS free_starts,
       CASE WHEN queue.concurrency IS NOT NULL THEN {{free_places}} + (
           SELECT count(*) FROM job
           WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
             AND job.leased_until <= %(now)s::timestamptz
       ) END AS free_places,
       CASE WHEN asked.state = 'waiting' THEN (
           SELECT count(*) FROM job_dependency AS edge
           WHERE edge.org_id = %(org_id)s AND edge.child_id = asked.id AND edge.outcome = 'open'
       ) END AS open_parents,
       (SELECT count(*) FROM before) AS before,
       (SELECT count(*) FROM before WHERE before.priority > asked.priority) AS before_by_priority
FROM asked
LEFT JOIN queue ON queue.org_id = %(org_id)s AND queue.name = %(queue)s
CROSS JOIN LATERAL (SELECT queue_tokens(queue, %(now)s::timestamptz) AS tokens) AS bucket;

-- find_open_parents hot --
-- Some of the unfinished jobs that a job waits for, of those that the caller may see.
SELECT parent.id, parent.queue, parent.state, parent.attempts, parent.run_at
FROM job_dependency AS edge
CROSS JOIN LATERAL (
    SELECT job.id, job.queue, job.state, job.attempts, job.run_at FROM job
    WHERE job.org_id = %(org_id)s AND job.id = edge.parent_id
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
) AS parent
WHERE edge.org_id = %(org_id)s AND edge.child_id = %(id)s AND edge.outcome = 'open'
ORDER BY edge.parent_id
LIMIT %(most)s;

-- find_signs hot --
-- Whether anybody works for a queue, and how fast: who is registered for it, what its newest running jobs were
-- heard to do, and its newest jobs that ended. Each part reads a fixed number of jobs. The queue is part of the
-- order, as an equality it would be none, and a plan for any queue would go through the whole archive by id.
SELECT registered.workers, registered.heard_at, running.touched_at, ended.*
FROM (
    SELECT count(*) FILTER (WHERE worker.last_heartbeat > %(seen_since)s::timestamptz) AS workers,
           max(worker.last_heartbeat) AS heard_at
    FROM worker
    WHERE worker.org_id = %(org_id)s AND worker.queues @> ARRAY[%(queue)s::text] AND worker.status <> 'draining'
) AS registered
CROSS JOIN (
    SELECT max(newest.updated_at) AS touched_at
    FROM (
        SELECT job.updated_at FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
        ORDER BY job.leased_until DESC
        LIMIT %(sample)s
    ) AS newest
) AS running
CROSS JOIN (
    SELECT count(*) AS ended, min(newest.finished_at) AS first_ended_at,
           greatest(
               max(newest.started_at), max(newest.finished_at) FILTER (WHERE newest.state = 'completed')
           ) AS worked_at
    FROM (
        SELECT job_archive.state, job_archive.started_at, job_archive.finished_at FROM job_archive
        WHERE job_archive.org_id = %(org_id)s AND job_archive.queue BETWEEN %(queue)s AND %(queue)s
          AND job_archive.id >= %(since_id)s::bigint
        ORDER BY job_archive.queue DESC, job_archive.id DESC
        LIMIT %(sample)s
    ) AS newest
    WHERE newest.started_at IS NOT NULL
) AS ended;
