-- list_deliveries hot --
-- One row of nulls for a webhook without deliveries to show, none for no webhook.
SELECT delivery.*, webhook.format
FROM webhook
LEFT JOIN LATERAL (
    SELECT newest.* FROM (
        SELECT {{columns}}
        FROM webhook_delivery
        WHERE webhook_delivery.org_id = webhook.org_id AND webhook_delivery.webhook_id = webhook.id
        ORDER BY webhook_delivery.id DESC
        LIMIT %(readable)s
    ) AS newest
    WHERE %(status)s::text IS NULL OR newest.state = %(status)s
    ORDER BY newest.id DESC
    LIMIT %(limit)s OFFSET %(offset)s
) AS delivery ON true
WHERE webhook.org_id = %(org_id)s AND webhook.id = %(webhook_id)s
ORDER BY delivery.id DESC;

-- find_delivery hot --
SELECT {{columns}}, webhook.format
FROM webhook
JOIN webhook_delivery ON webhook_delivery.org_id = webhook.org_id AND webhook_delivery.webhook_id = webhook.id
WHERE webhook.org_id = %(org_id)s AND webhook.id = %(webhook_id)s AND webhook_delivery.id = %(id)s;

-- retry_delivery hot --
-- One that waits for its next attempt has it now; one under way has its outcome soon, and is not sent twice.
WITH known AS MATERIALIZED (
    SELECT webhook_delivery.id, webhook.enabled
    FROM webhook
    JOIN webhook_delivery
        ON webhook_delivery.org_id = webhook.org_id AND webhook_delivery.webhook_id = webhook.id
    WHERE webhook.org_id = %(org_id)s AND webhook.id = %(webhook_id)s AND webhook_delivery.id = %(id)s
),
queued AS (
    UPDATE webhook_delivery SET
        state = 'pending', next_attempt_at = %(now)s, delivered_at = NULL,
        attempts = CASE WHEN webhook_delivery.state = 'pending' THEN webhook_delivery.attempts ELSE 0 END
    FROM known
    WHERE webhook_delivery.org_id = %(org_id)s AND webhook_delivery.id = known.id
      AND known.enabled AND NOT webhook_delivery.under_way
    RETURNING webhook_delivery.id
)
SELECT known.enabled, queued.id IS NOT NULL AS is_queued
FROM known
LEFT JOIN queued ON queued.id = known.id;
