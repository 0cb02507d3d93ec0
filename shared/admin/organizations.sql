-- list_organizations hot --
-- The figures are taken for the page alone, each from an index of one organization.
WITH matching AS MATERIALIZED (
    SELECT org_id, name, slug, plan_tier, billing_email, is_active, usage_reset_at, created_at, updated_at
    FROM organization
    WHERE deleted_at IS NULL
      AND (%(plan_tier)s::text IS NULL OR plan_tier = %(plan_tier)s)
      AND (
          %(search)s::text IS NULL
          OR position(lower(%(search)s) IN lower(concat_ws(' ', name, slug, billing_email))) > 0
      )
),
page AS (
    SELECT * FROM matching ORDER BY {{order}} LIMIT %(limit)s OFFSET %(offset)s
)
SELECT counted.total, organization.*, {{figures}}
FROM (SELECT count(*) AS total FROM matching) AS counted
LEFT JOIN page AS organization ON true
{{since}}
ORDER BY {{order}};

-- find_organization hot --
SELECT * FROM organization WHERE org_id = %(org_id)s AND deleted_at IS NULL;

-- change_organization --
-- A secret that is set or removed here is so at once: what was good beside it is not.
UPDATE organization SET
    name = coalesce(%(name)s, name),
    plan_tier = coalesce(%(plan_tier)s, plan_tier),
    is_active = coalesce(%(is_active)s, is_active),
    billing_email = coalesce(%(billing_email)s, billing_email),
    description = coalesce(%(description)s, description),
    logo_url = coalesce(%(logo_url)s, logo_url),
    settings = (settings || %(settings)s::jsonb) - %(lifted)s::text[],
    previous_secrets = previous_secrets - %(lifted)s::text[] - ARRAY(
        SELECT given.key FROM jsonb_each(%(settings)s::jsonb) AS given
        WHERE given.value IS DISTINCT FROM organization.settings -> given.key
    ),
    custom_limits = CASE WHEN %(sets_custom_limits)s THEN %(custom_limits)s::jsonb ELSE custom_limits END,
    stripe_customer_id = coalesce(%(stripe_customer_id)s, stripe_customer_id),
    stripe_subscription_id = coalesce(%(stripe_subscription_id)s, stripe_subscription_id),
    stripe_subscription_status = coalesce(%(stripe_subscription_status)s, stripe_subscription_status),
    updated_at = %(now)s
WHERE org_id = %(org_id)s AND deleted_at IS NULL
RETURNING *;

-- deactivate_organization --
UPDATE organization SET is_active = false, updated_at = %(now)s
WHERE org_id = %(org_id)s AND deleted_at IS NULL
RETURNING org_id;

-- reset_usage --
UPDATE organization SET usage_reset_at = %(now)s
WHERE org_id = %(org_id)s AND deleted_at IS NULL
RETURNING org_id;
