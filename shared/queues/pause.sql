-- pause_queue --
WITH before AS (
    SELECT org_id, name, paused_at FROM queue
    WHERE org_id = %(org_id)s AND name = %(name)s
    FOR UPDATE
),
paused AS (
    UPDATE queue SET
        paused_at = coalesce(queue.paused_at, %(now)s),
        pause_reason = coalesce(%(reason)s, queue.pause_reason),
        paused_by = CASE WHEN queue.paused_at IS NULL THEN %(by)s ELSE queue.paused_by END,
        updated_at = %(now)s
    FROM before
    WHERE queue.org_id = before.org_id AND queue.name = before.name
    RETURNING queue.name, queue.paused_at, queue.pause_reason, before.paused_at IS NULL AS is_new
),
fresh AS (
    SELECT * FROM paused WHERE paused.is_new
)
SELECT paused.paused_at, paused.pause_reason, {{told_paused}} AS told FROM paused;

-- resume_queue --
-- RETURNING shows the row after the change, so the start of the pause is read first, under the row's lock.
WITH before AS (
    SELECT org_id, name, paused_at, enabled FROM queue
    WHERE org_id = %(org_id)s AND name = %(name)s
    FOR UPDATE
),
resumed AS (
    UPDATE queue SET
        paused_at = NULL, pause_reason = NULL, paused_by = NULL, enabled = true, disabled_at = NULL,
        disabled_by = NULL, updated_at = %(now)s
    FROM before
    WHERE queue.org_id = before.org_id AND queue.name = before.name
    RETURNING queue.name, before.paused_at AS paused_since, before.enabled
),
fresh AS (
    SELECT * FROM resumed WHERE resumed.paused_since IS NOT NULL OR NOT resumed.enabled
)
SELECT resumed.paused_since, {{told_resumed}} AS told FROM resumed;

-- paused_item --
-- A fragment.
json_build_object(
    'queue_name', fresh.name, 'paused_at', json_instant(fresh.paused_at), 'reason', fresh.pause_reason
);
