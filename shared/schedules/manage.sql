-- create_schedule --
-- The timer looks at it first when its next run falls due.
WITH made AS (
    INSERT INTO schedule (
        org_id, name, description, cron_expression, timezone, queue, payload, priority, max_retries,
        timeout_seconds, tags, metadata, misfire_policy, misfire_limit, next_run_at, created_at, updated_at
    )
    VALUES (
        %(org_id)s, %(name)s, %(description)s, %(cron_expression)s, %(timezone)s, %(queue)s, %(payload)s::json,
        %(priority)s, %(max_retries)s, %(timeout_seconds)s, %(tags)s::jsonb, %(metadata)s::jsonb,
        %(misfire_policy)s, %(misfire_limit)s, %(next_run_at)s, %(now)s, %(now)s
    )
    RETURNING *, schedule AS known
)
SELECT {{columns}}, {{told_created}} AS told FROM made;

-- delete_schedule --
-- Its history goes with it, by the foreign key.
WITH gone AS (
    DELETE FROM schedule
    WHERE org_id = %(org_id)s AND id = %(id)s
      AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
    RETURNING schedule AS known
)
SELECT {{told_deleted}} AS told FROM gone;

-- find_schedule hot --
-- A key that is held to some queues does not see the schedules of others.
SELECT {{columns}}
FROM schedule
WHERE org_id = %(org_id)s AND id = %(id)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]));

-- list_schedules hot --
-- Straight off the primary key from its newest end, or from below the last one seen: ids sort by time.
SELECT {{columns}}
FROM schedule
WHERE org_id = %(org_id)s AND id < %(below)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
  AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND (%(is_active)s::boolean IS NULL OR is_active = %(is_active)s)
ORDER BY id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- lock_schedule --
-- A timer that comes by skips it, and looks again once the change is there.
SELECT id, cron_expression, timezone, is_active, next_run_at, last_error
FROM schedule
WHERE org_id = %(org_id)s AND id = %(id)s
  AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
FOR UPDATE;

-- update_schedule --
-- What the request leaves out stays; when it runs next was decided under the lock. A pause, a resume and any
-- other change are told by their own names, and one that changes nothing by none.
WITH before AS (
    SELECT is_active FROM schedule WHERE org_id = %(org_id)s AND id = %(id)s
),
saved AS (
    UPDATE schedule SET
        name = coalesce(%(name)s::text, name),
        description = coalesce(%(description)s::text, description),
        cron_expression = coalesce(%(cron_expression)s::text, cron_expression),
        timezone = coalesce(%(timezone)s::text, timezone),
        payload = coalesce(%(payload)s::json, payload),
        priority = coalesce(%(priority)s::smallint, priority),
        max_retries = coalesce(%(max_retries)s::integer, max_retries),
        timeout_seconds = coalesce(%(timeout_seconds)s::integer, timeout_seconds),
        tags = coalesce(%(tags)s::jsonb, tags),
        metadata = coalesce(%(metadata)s::jsonb, metadata),
        misfire_policy = coalesce(%(misfire_policy)s::text, misfire_policy),
        misfire_limit = coalesce(%(misfire_limit)s::integer, misfire_limit),
        is_active = %(is_active)s,
        next_run_at = %(next_run_at)s,
        last_error = %(last_error)s,
        updated_at = %(now)s
    WHERE org_id = %(org_id)s AND id = %(id)s
    RETURNING *, schedule AS known
),
paused AS (
    SELECT saved.known FROM saved CROSS JOIN before WHERE before.is_active AND NOT saved.is_active
),
resumed AS (
    SELECT saved.known FROM saved CROSS JOIN before WHERE NOT before.is_active AND saved.is_active
),
changed AS (
    SELECT saved.known FROM saved CROSS JOIN before
    WHERE before.is_active = saved.is_active AND %(is_edited)s::boolean
)
SELECT {{columns}}, {{told_paused}} AS told_paused, {{told_resumed}} AS told_resumed,
       {{told_changed}} AS told_changed
FROM saved;
