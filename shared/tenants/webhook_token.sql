-- get_token --
-- A token that stands in the settings wins over the one that was made with the organization.
SELECT coalesce(settings ->> 'webhook_token', webhook_token) AS webhook_token
FROM organization
WHERE org_id = %(org_id)s;

-- set_token --
UPDATE organization
SET webhook_token = %(token)s, settings = settings - 'webhook_token', updated_at = %(now)s
WHERE org_id = %(org_id)s
RETURNING webhook_token;
