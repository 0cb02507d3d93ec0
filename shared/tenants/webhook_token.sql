-- get_token --
SELECT settings, webhook_token FROM organization WHERE org_id = %(org_id)s;

-- set_token --
UPDATE organization
SET webhook_token = %(token)s, settings = settings - 'webhook_token', updated_at = %(now)s
WHERE org_id = %(org_id)s
RETURNING settings, webhook_token;
