-- find_targets hot --
-- Jumps from target to target along the index, so that a target with a million deliveries costs as much as one
-- with a single delivery; nothing at all while nothing is due.
WITH RECURSIVE target AS (
    (
        SELECT first.org_id, first.target FROM webhook_delivery AS first
        WHERE first.state = 'pending' AND (first.org_id, first.target) > (%(after_org)s, %(after_target)s)
          AND EXISTS (
              SELECT FROM webhook_delivery AS due
              WHERE due.state = 'pending' AND due.next_attempt_at <= %(now)s
          )
        ORDER BY first.org_id, first.target
        LIMIT 1
    )
    UNION ALL
    SELECT following.org_id, following.target
    FROM target
    CROSS JOIN LATERAL (
        SELECT next.org_id, next.target FROM webhook_delivery AS next
        WHERE next.state = 'pending' AND (next.org_id, next.target) > (target.org_id, target.target)
        ORDER BY next.org_id, next.target
        LIMIT 1
    ) AS following
)
SELECT page.org_id, page.target,
       EXISTS (
           SELECT FROM webhook_delivery AS due
           WHERE due.org_id = page.org_id AND due.target = page.target
             AND due.state = 'pending' AND due.next_attempt_at <= %(now)s
       ) AS is_due,
       coalesce(webhook.enabled, true) AS enabled,
       coalesce(webhook.last_status = 'failed', false) AS is_failing
FROM (SELECT target.org_id, target.target FROM target LIMIT %(limit)s) AS page
LEFT JOIN webhook ON webhook.org_id = page.org_id AND webhook.id = page.target
ORDER BY page.org_id, page.target;

-- take_due hot --
-- The next attempt moves to the end of the lease, in which this one is over or lost.
WITH due AS MATERIALIZED (
    SELECT found.org_id, found.id, found.webhook_id
    FROM unnest(%(org_ids)s::bigint[], %(targets)s::bigint[], %(quotas)s::integer[])
        AS wanted(org_id, target, quota)
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.org_id, webhook_delivery.id, webhook_delivery.webhook_id
        FROM webhook_delivery
        WHERE webhook_delivery.org_id = wanted.org_id AND webhook_delivery.target = wanted.target
          AND webhook_delivery.state = 'pending' AND webhook_delivery.next_attempt_at <= %(now)s
        ORDER BY webhook_delivery.next_attempt_at
        LIMIT wanted.quota
        FOR UPDATE SKIP LOCKED
    ) AS found
)
UPDATE webhook_delivery AS delivery SET
    attempts = delivery.attempts + 1, next_attempt_at = %(lease_until)s, under_way = true
FROM due
LEFT JOIN webhook ON webhook.org_id = due.org_id AND webhook.id = due.webhook_id
WHERE delivery.org_id = due.org_id AND delivery.id = due.id
RETURNING delivery.org_id, delivery.id, delivery.target, delivery.event, delivery.data, delivery.attempts,
          delivery.data ->> 'job_id' AS job_id, delivery.created_at, coalesce(delivery.url, webhook.url) AS url,
          webhook.format,
          coalesce(delivery.sealed_secret, webhook.sealed_secret) AS sealed_secret,
          webhook.previous_sealed_secret, webhook.previous_secret_ends_at;

-- close_disabled hot --
-- A webhook that was switched off hears nothing more, and a look at its deliveries says why.
WITH due AS MATERIALIZED (
    SELECT found.org_id, found.id
    FROM unnest(%(org_ids)s::bigint[], %(targets)s::bigint[]) AS wanted(org_id, target)
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.org_id, webhook_delivery.id
        FROM webhook_delivery
        WHERE webhook_delivery.org_id = wanted.org_id AND webhook_delivery.target = wanted.target
          AND webhook_delivery.state = 'pending' AND webhook_delivery.next_attempt_at <= %(now)s
        ORDER BY webhook_delivery.next_attempt_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS found
)
UPDATE webhook_delivery AS delivery SET
    state = 'failed', next_attempt_at = NULL, under_way = false,
    error = 'Not sent: the webhook was disabled when it was due'
FROM due
WHERE delivery.org_id = due.org_id AND delivery.id = due.id
RETURNING delivery.id;

-- record_outcome hot --
-- Nothing when the lease ended and another attempt was begun: that one is recorded. A webhook counts failed
-- deliveries in a row, not attempts.
WITH settled AS (
    UPDATE webhook_delivery SET
        state = %(state)s::text,
        next_attempt_at = %(next_attempt_at)s::timestamptz,
        under_way = false,
        status_code = %(status_code)s::integer,
        response_body = %(response_body)s::text,
        error = %(error)s::text,
        delivered_at = CASE WHEN %(state)s::text = 'success' THEN %(now)s::timestamptz END
    WHERE org_id = %(org_id)s AND id = %(id)s AND state = 'pending' AND attempts = %(attempts)s AND under_way
    RETURNING webhook_id
)
UPDATE webhook SET
    last_triggered_at = %(now)s,
    failure_count = CASE %(state)s::text
        WHEN 'success' THEN 0
        WHEN 'failed' THEN webhook.failure_count + 1
        ELSE webhook.failure_count
    END,
    enabled = webhook.enabled
        AND NOT (%(state)s::text = 'failed' AND webhook.failure_count + 1 >= %(most_failures)s),
    last_status = CASE
        WHEN %(state)s::text = 'success' THEN 'success'
        WHEN NOT webhook.enabled THEN webhook.last_status
        WHEN %(state)s::text = 'failed' AND webhook.failure_count + 1 >= %(most_failures)s THEN 'auto_disabled'
        ELSE 'failed'
    END
FROM settled
WHERE webhook.org_id = %(org_id)s AND webhook.id = settled.webhook_id;
