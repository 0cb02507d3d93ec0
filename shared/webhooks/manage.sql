-- create_webhook --
-- One that is switched off takes no place in the plan.
INSERT INTO webhook (org_id, name, url, events, format, sealed_secret, enabled, created_at, updated_at)
VALUES (%(org_id)s, %(name)s, %(url)s, %(events)s, %(format)s, %(sealed_secret)s, %(enabled)s, %(now)s, %(now)s)
RETURNING {{columns}}, webhook.enabled AS is_new;

-- list_webhooks --
-- All of them: clients do not page here.
SELECT {{columns}} FROM webhook WHERE webhook.org_id = %(org_id)s ORDER BY webhook.id DESC;

-- find_webhook hot --
SELECT {{columns}}, webhook.sealed_secret, webhook.previous_sealed_secret
FROM webhook
WHERE webhook.org_id = %(org_id)s AND webhook.id = %(id)s;

-- update_webhook --
-- Switched on again it begins anew: otherwise the next failure would switch it off.
UPDATE webhook SET
    name = coalesce(%(name)s::text, webhook.name),
    url = coalesce(%(url)s::text, webhook.url),
    events = coalesce(%(events)s::text[], webhook.events),
    format = coalesce(%(format)s::text, webhook.format),
    sealed_secret = CASE WHEN %(changes_secret)s::boolean THEN %(sealed_secret)s::bytea ELSE webhook.sealed_secret END,
    previous_sealed_secret = CASE WHEN NOT %(changes_secret)s::boolean THEN webhook.previous_sealed_secret END,
    previous_secret_ends_at = CASE WHEN NOT %(changes_secret)s::boolean THEN webhook.previous_secret_ends_at END,
    enabled = coalesce(%(enabled)s::boolean, webhook.enabled),
    failure_count = CASE WHEN %(enabled)s::boolean AND NOT before.enabled THEN 0 ELSE webhook.failure_count END,
    last_status = CASE
        WHEN %(enabled)s::boolean AND webhook.last_status = 'auto_disabled' THEN 'failed' ELSE webhook.last_status
    END,
    updated_at = %(now)s
FROM (
    SELECT webhook.id, webhook.enabled FROM webhook
    WHERE webhook.org_id = %(org_id)s AND webhook.id = %(id)s
    FOR NO KEY UPDATE
) AS before
WHERE webhook.org_id = %(org_id)s AND webhook.id = before.id
RETURNING {{columns}}, webhook.enabled AND NOT before.enabled AS is_new;

-- delete_webhook --
-- Its deliveries go with it, by the foreign key.
DELETE FROM webhook WHERE org_id = %(org_id)s AND id = %(id)s RETURNING id;
