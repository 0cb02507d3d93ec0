-- create_queue --
-- The primary key decides, not a look-up: of two equal requests at once one gets a row.
WITH saved AS (
    {{made}}
    ON CONFLICT DO NOTHING
    RETURNING *
)
SELECT saved.*, {{told_created}} AS told FROM saved;

-- configure_queue --
-- One statement, so that a change never undoes another one that was made at the same moment. A row that was
-- there has been locked, which its xmax tells.
WITH before AS (
    SELECT queue.paused_at FROM queue WHERE queue.org_id = %(org_id)s AND queue.name = %(name)s
),
saved AS (
    {{made}}
    ON CONFLICT (org_id, name) DO UPDATE SET
        max_retries = coalesce(%(max_retries)s, queue.max_retries),
        timeout_seconds = coalesce(%(timeout_seconds)s, queue.timeout_seconds),
        retry_delay_seconds = coalesce(%(retry_delay_seconds)s, queue.retry_delay_seconds),
        backoff_multiplier = coalesce(%(backoff_multiplier)s, queue.backoff_multiplier),
        backoff_max_seconds = coalesce(%(backoff_max_seconds)s, queue.backoff_max_seconds),
        rate_limit = coalesce(
            %(rate_limit)s, CASE WHEN 'rate_limit' <> ALL(%(lifted)s::text[]) THEN queue.rate_limit END
        ),
        concurrency = coalesce(
            %(concurrency)s, CASE WHEN 'concurrency' <> ALL(%(lifted)s::text[]) THEN queue.concurrency END
        ),
        enabled = coalesce(%(enabled)s, queue.enabled),
        paused_at = CASE WHEN %(enabled)s THEN NULL ELSE queue.paused_at END,
        pause_reason = CASE WHEN %(enabled)s THEN NULL ELSE queue.pause_reason END,
        paused_by = CASE WHEN %(enabled)s THEN NULL ELSE queue.paused_by END,
        disabled_at = CASE
            WHEN %(enabled)s THEN NULL
            WHEN NOT %(enabled)s AND queue.enabled THEN %(now)s
            ELSE queue.disabled_at
        END,
        disabled_by = CASE
            WHEN %(enabled)s THEN NULL
            WHEN NOT %(enabled)s AND queue.enabled THEN %(by)s
            ELSE queue.disabled_by
        END,
        settings = (queue.settings || %(settings)s::jsonb) - %(lifted)s::text[],
        updated_at = %(now)s
    RETURNING *, xmax = 0 AS is_new
),
made AS (
    SELECT * FROM saved WHERE saved.is_new
),
fresh AS (
    SELECT saved.name, before.paused_at AS paused_since
    FROM saved
    CROSS JOIN before
    WHERE before.paused_at IS NOT NULL AND saved.paused_at IS NULL
),
changed AS (
    SELECT * FROM saved WHERE NOT saved.is_new AND NOT EXISTS (SELECT FROM fresh)
)
SELECT saved.*, {{told_made}} AS told_made, {{told_resumed}} AS told_resumed, {{told_changed}} AS told_changed
FROM saved;

-- list_queues hot --
SELECT * FROM queue
WHERE org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR name = ANY(%(queues)s::text[]))
ORDER BY name;

-- find_queue hot --
SELECT * FROM queue WHERE org_id = %(org_id)s AND name = %(name)s;

-- resumed_item --
-- A fragment.
json_build_object(
    'queue_name', fresh.name, 'paused_at', json_instant(fresh.paused_since), 'resumed_at', json_instant(%(now)s)
);

-- made --
-- A queue of this name, with the usual value for what is not said.
INSERT INTO queue (
    org_id, name, max_retries, timeout_seconds, retry_delay_seconds, backoff_multiplier, backoff_max_seconds,
    rate_limit, concurrency, enabled, disabled_at, disabled_by, settings, created_at, updated_at
)
VALUES (
    %(org_id)s, %(name)s, coalesce(%(max_retries)s, 3), coalesce(%(timeout_seconds)s, 300),
    coalesce(%(retry_delay_seconds)s::double precision, 1), coalesce(%(backoff_multiplier)s::double precision, 2),
    coalesce(%(backoff_max_seconds)s::double precision, 3600), %(rate_limit)s, %(concurrency)s,
    coalesce(%(enabled)s, true), CASE WHEN NOT %(enabled)s THEN %(now)s::timestamptz END,
    CASE WHEN NOT %(enabled)s THEN %(by)s END, %(settings)s::jsonb - %(lifted)s::text[], %(now)s, %(now)s
)
