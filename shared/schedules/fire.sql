-- find_due hot --
-- Of all organizations, off one index; locks nothing, since each organization's share is its own transaction.
SELECT org_id, id, payload_bytes
FROM schedule
WHERE next_run_at <= %(now)s::timestamptz
ORDER BY next_run_at
LIMIT %(limit)s;

-- lock_due --
-- Whoever comes second skips what the first has locked, and finds it not due any more afterwards.
SELECT schedule.id, schedule.cron_expression, schedule.timezone, schedule.queue,
       schedule.payload::text AS payload, schedule.payload_bytes, schedule.priority, schedule.max_retries,
       schedule.timeout_seconds, schedule.tags::text AS tags, schedule.misfire_policy, schedule.misfire_limit,
       schedule.next_run_at, organization.plan_tier, organization.custom_limits,
       organization.is_active AS is_open,
       (
           SELECT max(run.planned_at) FROM schedule_run AS run
           WHERE run.org_id = schedule.org_id AND run.schedule_id = schedule.id
       ) AS fired_until
FROM schedule
JOIN organization ON organization.org_id = schedule.org_id
WHERE schedule.org_id = %(org_id)s AND schedule.id = ANY(%(ids)s::bigint[])
  AND schedule.next_run_at <= %(now)s::timestamptz
ORDER BY schedule.id
FOR UPDATE OF schedule SKIP LOCKED;

-- lock_to_trigger --
-- Waits for a timer that holds it: both count.
SELECT id, queue, payload::text AS payload, priority, max_retries, timeout_seconds, tags::text AS tags,
       next_run_at, last_error
FROM schedule
WHERE org_id = %(org_id)s AND id = %(id)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
FOR UPDATE;

-- record_runs --
-- A slot that was fired already breaks the unique key and undoes the job with it. History that is too old goes
-- here, faster than it grows, from the old end of the primary key: no timer has to search for it.
WITH run AS (
    INSERT INTO schedule_run (org_id, schedule_id, planned_at, started_at, job_id, error)
    SELECT %(org_id)s, run.schedule_id, run.planned_at, %(now)s::timestamptz, run.job_id, run.error
    FROM unnest(
        %(run_schedules)s::bigint[], %(planned_ats)s::timestamptz[], %(job_ids)s::bigint[], %(errors)s::text[]
    ) AS run(schedule_id, planned_at, job_id, error)
    RETURNING schedule_run.schedule_id, schedule_run.planned_at, schedule_run.started_at, schedule_run.job_id
),
triggered AS (
    SELECT run.*, schedule.name, schedule.queue
    FROM run
    JOIN schedule ON schedule.org_id = %(org_id)s AND schedule.id = run.schedule_id
    WHERE run.job_id IS NOT NULL
),
made AS (
    SELECT run.schedule_id, count(run.job_id) AS jobs FROM run GROUP BY run.schedule_id
),
old AS (
    DELETE FROM schedule_run AS run
    USING unnest(%(schedules)s::bigint[]) AS step(id)
    CROSS JOIN LATERAL (
        SELECT oldest.id, oldest.started_at
        FROM schedule_run AS oldest
        WHERE oldest.org_id = %(org_id)s AND oldest.schedule_id = step.id
        ORDER BY oldest.id
        LIMIT 10
    ) AS oldest
    WHERE run.org_id = %(org_id)s AND run.schedule_id = step.id AND run.id = oldest.id
      AND oldest.started_at < %(kept_since)s::timestamptz
),
saved AS (
    UPDATE schedule SET
        next_run_at = step.next_run_at,
        is_active = schedule.is_active AND step.error IS NULL,
        last_error = step.error,
        run_count = schedule.run_count + coalesce(made.jobs, 0),
        last_run_at = CASE
            WHEN made.jobs > 0 THEN greatest(schedule.last_run_at, %(now)s::timestamptz)
            ELSE schedule.last_run_at
        END
    FROM unnest(%(schedules)s::bigint[], %(next_run_ats)s::timestamptz[], %(schedule_errors)s::text[])
        AS step(id, next_run_at, error)
    JOIN schedule AS before ON before.org_id = %(org_id)s AND before.id = step.id
    LEFT JOIN made ON made.schedule_id = step.id
    WHERE schedule.org_id = %(org_id)s AND schedule.id = step.id
    RETURNING schedule AS known, before.is_active AND NOT schedule.is_active AS is_paused
),
paused AS (
    SELECT * FROM saved WHERE saved.is_paused
)
SELECT {{told_triggered}} AS told_triggered, {{told_paused}} AS told_paused;

-- triggered_item --
-- A fragment. `planned_at` is null for a run that was asked for.
json_build_object(
    'schedule_id', public_id('sched', triggered.schedule_id), 'name', triggered.name,
    'queue_name', triggered.queue, 'job_id', public_id('job', triggered.job_id),
    'planned_at', json_instant(triggered.planned_at), 'triggered_at', json_instant(triggered.started_at)
);
