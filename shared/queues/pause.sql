-- pause_queue --
UPDATE queue SET
    paused_at = coalesce(paused_at, %(now)s),
    pause_reason = coalesce(%(reason)s, pause_reason),
    updated_at = %(now)s
WHERE org_id = %(org_id)s AND name = %(name)s
RETURNING paused_at, pause_reason;

-- resume_queue --
-- RETURNING shows the row after the change, so the start of the pause is read first, under the row's lock.
WITH before AS (
    SELECT org_id, name, paused_at FROM queue
    WHERE org_id = %(org_id)s AND name = %(name)s
    FOR UPDATE
)
UPDATE queue SET paused_at = NULL, pause_reason = NULL, enabled = true, updated_at = %(now)s
FROM before
WHERE queue.org_id = before.org_id AND queue.name = before.name
RETURNING before.paused_at AS paused_since;
