-- create_organization --
-- The organization and its first key, whole or not at all.
WITH organization AS (
    INSERT INTO organization (
        name, slug, plan_tier, billing_email, settings, custom_limits, created_at, updated_at
    )
    VALUES (
        %(name)s, %(slug)s, %(plan_tier)s, %(billing_email)s, %(settings)s::jsonb, %(custom_limits)s::jsonb,
        %(now)s, %(now)s
    )
    RETURNING *
),
key AS (
    INSERT INTO api_key (org_id, name, key_hash, hashed_under, key_prefix, created_at)
    SELECT org_id, 'First key', %(key_hash)s, %(hashed_under)s, %(key_prefix)s, %(now)s FROM organization
    RETURNING id, name
)
SELECT organization.*, key.id AS key_id, key.name AS key_name FROM organization CROSS JOIN key;

-- get_organization --
SELECT * FROM organization WHERE org_id = %(org_id)s AND deleted_at IS NULL;

-- change_organization --
-- A secret that is set or removed here is so at once: what was good beside it is not.
UPDATE organization SET
    name = coalesce(%(name)s, name),
    billing_email = coalesce(%(billing_email)s, billing_email),
    description = coalesce(%(description)s, description),
    logo_url = coalesce(%(logo_url)s, logo_url),
    settings = (settings || %(settings)s::jsonb) - %(lifted)s::text[],
    previous_secrets = previous_secrets - %(lifted)s::text[] - ARRAY(
        SELECT given.key FROM jsonb_each(%(settings)s::jsonb) AS given
        WHERE given.value IS DISTINCT FROM organization.settings -> given.key
    ),
    updated_at = %(now)s
WHERE org_id = %(org_id)s AND deleted_at IS NULL
RETURNING *;
