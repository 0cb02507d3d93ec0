-- find_organization hot --
SELECT plan_tier, custom_limits, settings, webhook_token, previous_secrets
FROM organization
WHERE org_id = %(org_id)s AND is_active AND deleted_at IS NULL;
