-- close_organization --
-- The slug is free for others from now on; no key of a closed organization is let in.
UPDATE organization SET
    is_active = false, deleted_at = %(now)s, updated_at = %(now)s, slug = 'deleted-' || org_id
WHERE org_id = %(org_id)s AND deleted_at IS NULL
RETURNING org_id;

-- deleted_organizations --
SELECT org_id, deleted_at FROM organization WHERE deleted_at IS NOT NULL ORDER BY org_id LIMIT 100;

-- purge_organization hot --
SELECT purge_organization(%(org_id)s, %(batch)s::integer) AS deleted;

-- drop_organization --
DELETE FROM organization WHERE org_id = %(org_id)s AND deleted_at IS NOT NULL RETURNING org_id;
