-- usage hot --
SELECT organization.plan_tier, organization.custom_limits, {{figures}}
FROM organization
{{since}}
WHERE organization.org_id = %(org_id)s;
