-- delete_old_deliveries hot --
WITH page AS MATERIALIZED (
    {{page}}
),
doomed AS MATERIALIZED (
    SELECT old.org_id, old.id
    FROM page
    CROSS JOIN LATERAL (
        SELECT inbound_delivery.org_id, inbound_delivery.id FROM inbound_delivery
        WHERE inbound_delivery.org_id = page.org_id
          AND inbound_delivery.created_at
              < %(now)s::timestamptz - interval '1 day' * least(greatest(page.days, 0), %(ceiling)s)
        ORDER BY inbound_delivery.created_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS old
),
deleted AS (
    DELETE FROM inbound_delivery
    USING doomed
    WHERE inbound_delivery.org_id = doomed.org_id AND inbound_delivery.id = doomed.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM deleted) AS deleted,
       (SELECT max(page.org_id) FROM page HAVING count(*) = %(page)s) AS last;
