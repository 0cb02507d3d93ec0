-- lock_secrets --
SELECT settings, previous_secrets FROM organization
WHERE org_id = %(org_id)s AND deleted_at IS NULL
FOR NO KEY UPDATE;

-- set_secret --
UPDATE organization SET
    settings = settings || %(setting)s::jsonb,
    previous_secrets = previous_secrets - %(name)s::text || %(overlap)s::jsonb,
    updated_at = %(now)s
WHERE org_id = %(org_id)s
RETURNING org_id;
