-- organizations hot --
SELECT organization.org_id, organization.plan_tier, organization.custom_limits
FROM organization
WHERE organization.org_id > %(after)s
ORDER BY organization.org_id
LIMIT %(limit)s;

-- delete_old_deliveries hot --
-- Ids sort by time: one index probe for each organization that has nothing to delete. What is still to be sent
-- stays.
WITH old AS MATERIALIZED (
    SELECT found.org_id, found.id
    FROM unnest(%(org_ids)s::bigint[], %(before)s::bigint[]) AS wanted(org_id, before)
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.org_id, webhook_delivery.id FROM webhook_delivery
        WHERE webhook_delivery.org_id = wanted.org_id AND webhook_delivery.id < wanted.before
          AND webhook_delivery.state <> 'pending'
        ORDER BY webhook_delivery.id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS found
),
deleted AS (
    DELETE FROM webhook_delivery
    USING old
    WHERE webhook_delivery.org_id = old.org_id AND webhook_delivery.id = old.id
    RETURNING 1
)
SELECT count(*) AS deleted FROM deleted;
