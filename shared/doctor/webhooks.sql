-- some_secrets --
-- The newest: with a SECRET_KEY that was changed none of those before can be read.
SELECT webhook.sealed_secret FROM webhook WHERE webhook.sealed_secret IS NOT NULL ORDER BY webhook.id DESC LIMIT 20;

-- switched_off --
SELECT count(*)::integer AS count FROM webhook WHERE webhook.last_status = 'auto_disabled';

-- waiting_deliveries --
-- Due for longer than it takes; those of the future wait for their next attempt.
SELECT count(*)::integer AS count, min(late.next_attempt_at) AS oldest
FROM (
    SELECT webhook_delivery.next_attempt_at FROM webhook_delivery
    WHERE webhook_delivery.state = 'pending' AND webhook_delivery.next_attempt_at <= %(late_since)s::timestamptz
    ORDER BY webhook_delivery.next_attempt_at
    LIMIT 10000
) AS late;
