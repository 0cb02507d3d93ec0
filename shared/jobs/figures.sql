-- unfinished --
-- These are fragments. Each part is counted in an index alone: all, those that wait for a worker, those that
-- run; what is left over waits for its parents.
SELECT everything.count AS unfinished,
       waiting.count - waiting.delayed AS pending,
       everything.count - waiting.count - running.count + waiting.delayed AS scheduled,
       running.count AS processing,
       waiting.oldest_id, waiting.first_run_at
FROM (
    SELECT count(*) AS count FROM job WHERE {{whose}}
) AS everything
CROSS JOIN (
    SELECT count(*) AS count,
           count(*) FILTER (WHERE job.attempts = 0 AND job.run_at > %(now)s::timestamptz) AS delayed,
           min(job.id) FILTER (WHERE job.run_at <= %(now)s::timestamptz) AS oldest_id,
           min(job.run_at) AS first_run_at
    FROM job
    WHERE {{whose}} AND job.state = 'pending'
) AS waiting
CROSS JOIN (
    SELECT count(*) AS count FROM job WHERE {{whose}} AND job.state = 'processing'
) AS running

-- finished_since --
-- The slots that lie whole behind the instant, and job by job what is at their edges: what ended before the
-- first of them, and what ended since the timer counted. One snapshot has mark and slots of the same count.
-- The bounds are subqueries, computed first: behind row-level security an expression with COALESCE in it is
-- taken for one that may leak, and then bounds no index.
SELECT job_slot.completed, job_slot.failed, job_slot.wait_ms, job_slot.processing_ms
FROM job_slot
WHERE job_slot.org_id = {{org}} {{of_slots}} AND job_slot.starts_at >= %({{window}}_slot)s::timestamptz
UNION ALL
SELECT {{ended}}
FROM job_archive
WHERE job_archive.org_id = {{org}} {{of_jobs}} AND job_archive.finished_at >= %({{window}})s::timestamptz
  AND job_archive.finished_at < (SELECT least(%({{window}}_slot)s::timestamptz, {{mark}}))
UNION ALL
SELECT {{ended}}
FROM job_archive
WHERE job_archive.org_id = {{org}} {{of_jobs}}
  AND job_archive.finished_at >= (SELECT greatest(%({{window}})s::timestamptz, {{mark}}))

-- of_jobs --
-- Written so that no index by queue fits: what is wanted are the last minutes, by time or id.
AND {{table}}.queue || '' = {{queue}}

-- ended --
count(*) FILTER (WHERE job_archive.state = 'completed') AS completed,
count(*) FILTER (WHERE job_archive.state IN ('failed', 'deadletter')) AS failed,
coalesce(
    sum(extract(epoch FROM job_archive.started_at - job_archive.run_at))
        FILTER (WHERE job_archive.state = 'completed') * 1000, 0
)::double precision AS wait_ms,
coalesce(
    sum(extract(epoch FROM job_archive.finished_at - job_archive.started_at))
        FILTER (WHERE job_archive.state = 'completed') * 1000, 0
)::double precision AS processing_ms

-- created_since --
-- As `finished_since`; an id tells when its job was made, wherever the job stands by now.
SELECT job_slot.created
FROM job_slot
WHERE job_slot.org_id = %(org_id)s {{of_slots}} AND job_slot.starts_at >= %({{window}}_slot)s::timestamptz
UNION ALL
SELECT count(*) FROM job
WHERE job.org_id = %(org_id)s {{of_live}} AND job.id >= %({{window}}_id)s::bigint
  AND job.id < (SELECT least(%({{window}}_slot_id)s::bigint, id_at({{mark}})))
UNION ALL
SELECT count(*) FROM job_archive
WHERE job_archive.org_id = %(org_id)s {{of_settled}} AND job_archive.id >= %({{window}}_id)s::bigint
  AND job_archive.id < (SELECT least(%({{window}}_slot_id)s::bigint, id_at({{mark}})))
UNION ALL
SELECT count(*) FROM job
WHERE job.org_id = %(org_id)s {{of_live}} AND job.id >= (SELECT greatest(%({{window}}_id)s::bigint, id_at({{mark}})))
UNION ALL
SELECT count(*) FROM job_archive
WHERE job_archive.org_id = %(org_id)s {{of_settled}} AND job_archive.id >= (SELECT greatest(%({{window}}_id)s::bigint, id_at({{mark}})))

-- mark --
(SELECT coalesce(max(mark.counted_until), '-infinity') FROM job_total_mark AS mark WHERE mark.org_id = %(org_id)s)

-- mark_new_organizations --
INSERT INTO job_total_mark (org_id, counted_until)
SELECT organization.org_id, '-infinity'
FROM organization
WHERE NOT EXISTS (SELECT FROM job_total_mark WHERE job_total_mark.org_id = organization.org_id)
ON CONFLICT DO NOTHING;

-- count_slots hot --
-- Each organization's jobs since its mark, counted in the statement that moves the mark: of two timers at once
-- the second skips what the first has locked, so no job is counted twice. After a pause the mark moves in
-- steps, each from the next job there is to count: what came in a long pause would take longer than a statement
-- may.
WITH behind AS MATERIALIZED (
    SELECT mark.org_id, mark.counted_until
    FROM job_total_mark AS mark
    WHERE mark.counted_until < %(until)s::timestamptz
    ORDER BY mark.counted_until
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
due AS MATERIALIZED (
    SELECT behind.org_id, behind.counted_until,
           CASE
               WHEN behind.counted_until >= %(until)s::timestamptz - %(step)s::interval THEN %(until)s::timestamptz
               ELSE least(%(until)s::timestamptz, slot_of(least(
                   (
                       SELECT min(job_archive.finished_at) FROM job_archive
                       WHERE job_archive.org_id = behind.org_id AND job_archive.finished_at >= behind.counted_until
                   ),
                   (
                       SELECT to_timestamp((min(made.id) >> 20) / 1000.0)
                       FROM (
                           (
                               SELECT min(job.id) AS id FROM job
                               WHERE job.org_id = behind.org_id
                                 AND job.id >= id_at(greatest(behind.counted_until, %(kept_since)s::timestamptz))
                           )
                           UNION ALL
                           (
                               SELECT min(job_archive.id) FROM job_archive
                               WHERE job_archive.org_id = behind.org_id
                                 AND job_archive.id >= id_at(greatest(behind.counted_until, %(kept_since)s::timestamptz))
                           )
                       ) AS made
                   )
               )) + %(step)s::interval)
           END AS until
    FROM behind
),
ended AS MATERIALIZED (
    SELECT due.org_id, finished.*
    FROM due
    CROSS JOIN LATERAL (
        SELECT job_archive.queue, slot_of(job_archive.finished_at) AS starts_at, {{ended}}
        FROM job_archive
        WHERE job_archive.org_id = due.org_id
          AND job_archive.finished_at >= due.counted_until AND job_archive.finished_at < due.until
        GROUP BY 1, 2
    ) AS finished
),
made AS MATERIALIZED (
    SELECT due.org_id, one.queue, slot_of(to_timestamp((one.id >> 20) / 1000.0)) AS starts_at, count(*) AS created
    FROM due
    CROSS JOIN LATERAL (
        SELECT job.queue, job.id FROM job
        WHERE job.org_id = due.org_id AND job.id < id_at(due.until)
          AND job.id >= id_at(greatest(due.counted_until, %(kept_since)s::timestamptz))
        UNION ALL
        SELECT job_archive.queue, job_archive.id FROM job_archive
        WHERE job_archive.org_id = due.org_id AND job_archive.id < id_at(due.until)
          AND job_archive.id >= id_at(greatest(due.counted_until, %(kept_since)s::timestamptz))
    ) AS one
    GROUP BY 1, 2, 3
),
slots AS (
    INSERT INTO job_slot (org_id, queue, starts_at, created, completed, failed, wait_ms, processing_ms)
    SELECT org_id, queue, starts_at, sum(created), sum(completed), sum(failed), sum(wait_ms), sum(processing_ms)
    FROM (
        SELECT org_id, queue, starts_at, 0 AS created, completed, failed, wait_ms, processing_ms FROM ended
        WHERE starts_at >= %(kept_since)s::timestamptz
        UNION ALL
        SELECT org_id, queue, starts_at, created, 0, 0, 0, 0 FROM made
    ) AS counted
    GROUP BY org_id, queue, starts_at
),
totals AS (
    INSERT INTO job_total (org_id, queue, completed)
    SELECT ended.org_id, ended.queue, sum(ended.completed)
    FROM ended
    GROUP BY ended.org_id, ended.queue
    ON CONFLICT (org_id, queue) DO UPDATE SET completed = job_total.completed + excluded.completed
)
UPDATE job_total_mark SET counted_until = due.until
FROM due
WHERE job_total_mark.org_id = due.org_id
RETURNING job_total_mark.counted_until;

-- forget_old_slots hot --
DELETE FROM job_slot
USING (
    SELECT old.org_id, old.queue, old.starts_at FROM job_slot AS old
    WHERE old.starts_at < %(kept_since)s::timestamptz
    ORDER BY old.starts_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE job_slot.org_id = old.org_id AND job_slot.queue = old.queue AND job_slot.starts_at = old.starts_at
RETURNING 1;
