-- lock_graph --
-- One change of an organization's graph at a time: two that are each without a cycle may form one together.
SELECT pg_advisory_xact_lock(%(org_id)s::bigint);

-- lock_jobs hot --
-- A parent that ends at this moment is waited for: it has told its children, or will find the new one.
SELECT job.id, job.state, job.attempts, job.dependency_mode
FROM job
WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
ORDER BY job.id
FOR UPDATE;

-- find_ended hot --
SELECT job_archive.id, job_archive.state
FROM job_archive
WHERE job_archive.org_id = %(org_id)s AND job_archive.id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR job_archive.queue = ANY(%(queues)s::text[]));

-- find_below hot --
-- Whether one of the jobs is the child itself or waits for it, however far down.
WITH RECURSIVE below AS (
    SELECT %(child_id)s::bigint AS id
    UNION
    SELECT edge.child_id
    FROM below
    JOIN job_dependency AS edge ON edge.org_id = %(org_id)s AND edge.parent_id = below.id
)
SELECT below.id FROM below WHERE below.id = ANY(%(ids)s::bigint[]) LIMIT 1;

-- add_edges hot --
WITH added AS (
    INSERT INTO job_dependency (org_id, child_id, parent_id, type, outcome)
    SELECT %(org_id)s, %(child_id)s, parent.id, %(type)s,
           CASE WHEN parent.ending IS NULL THEN 'open' ELSE dependency_outcome(%(type)s, parent.ending) END
    FROM unnest(%(ids)s::bigint[], %(endings)s::text[]) AS parent(id, ending)
    ON CONFLICT DO NOTHING
    RETURNING parent_id
),
told AS (
    UPDATE job SET has_children = true
    FROM added
    WHERE job.org_id = %(org_id)s AND job.id = added.parent_id AND NOT job.has_children
)
SELECT count(*) AS count FROM added;

-- judge_child hot --
WITH before AS (
    SELECT job_status(job.state, job.attempts, job.run_at, %(now)s::timestamptz) AS status
    FROM job
    WHERE job.org_id = %(org_id)s AND job.id = %(child_id)s
),
judged AS (
    UPDATE job SET
        dependency_mode = %(mode)s,
        state = CASE judgement.unmet WHEN 0 THEN 'pending' ELSE 'waiting' END,
        unmet_parents = judgement.unmet,
        updated_at = %(now)s
    FROM step_verdict(%(org_id)s, %(child_id)s, %(mode)s) AS judgement
    WHERE job.org_id = %(org_id)s AND job.id = %(child_id)s
    RETURNING job.*, judgement.verdict
),
changed AS (
    SELECT judged.*, before.status AS previous
    FROM judged
    CROSS JOIN before
    WHERE job_status(judged.state, judged.attempts, judged.run_at, %(now)s) <> before.status
),
held_back AS (
    SELECT * FROM changed WHERE changed.state = 'waiting'
),
let_go AS (
    SELECT * FROM changed WHERE changed.state = 'pending'
)
SELECT judged.queue, judged.state, judged.verdict, {{told_waiting}} AS told_waiting, {{told_ready}} AS told_ready
FROM judged;

-- find_related hot --
SELECT edge.child_id, edge.parent_id, edge.type, related.*
FROM (
    SELECT * FROM job_dependency WHERE org_id = %(org_id)s AND child_id = %(id)s
    UNION ALL
    SELECT * FROM job_dependency WHERE org_id = %(org_id)s AND parent_id = %(id)s
) AS edge
CROSS JOIN LATERAL (
    SELECT job.id, job.queue, job.state, job.attempts, job.run_at FROM job
    WHERE job.org_id = %(org_id)s AND job.id = edge.child_id + edge.parent_id - %(id)s
    UNION ALL
    SELECT past.id, past.queue, past.state, past.attempts, past.run_at FROM job_archive AS past
    WHERE past.org_id = %(org_id)s AND past.id = edge.child_id + edge.parent_id - %(id)s
) AS related
WHERE %(queues)s::text[] IS NULL OR related.queue = ANY(%(queues)s::text[])
ORDER BY related.id;
