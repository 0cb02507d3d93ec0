-- get_token --
SELECT settings, webhook_token FROM organization WHERE org_id = %(org_id)s;

-- lock_token --
SELECT settings, webhook_token, previous_secrets FROM organization WHERE org_id = %(org_id)s FOR NO KEY UPDATE;

-- set_token --
UPDATE organization SET
    webhook_token = %(token)s,
    settings = settings - 'webhook_token',
    previous_secrets = previous_secrets - 'webhook_token' || %(overlap)s::jsonb,
    updated_at = %(now)s
WHERE org_id = %(org_id)s
RETURNING settings, webhook_token;
