-- enqueue_jobs --
-- One statement for one job or a thousand. The unique idempotency key decides who wins, not a look-up: a
-- loser waits for the winner's commit and gets the winner's id from the row itself, which a SELECT in this
-- statement's older snapshot could not see. Winners are looked up in one jsonb object, since a join of two
-- thousand-row CTEs would be planned as a nested loop. A job whose parent there is not is left out, unless its
-- key says that it was made before.
WITH asked AS MATERIALIZED (
    SELECT asked.*, next_id() AS id,
           asked.parent_job_id IS NULL
           OR job_exists(%(org_id)s::bigint, asked.parent_job_id, %(seen_queues)s::text[])
           OR EXISTS (
               SELECT FROM idempotency_key AS known
               WHERE known.org_id = %(org_id)s AND known.key = asked.key AND known.expires_at > %(now)s::timestamptz
           ) AS has_parent
    FROM unnest(
        %(queues)s::text[], %(payloads)s::text[], %(priorities)s::smallint[], %(max_retries)s::integer[],
        %(timeouts)s::integer[], %(run_ats)s::timestamptz[], %(expires_ats)s::timestamptz[], %(keys)s::text[],
        %(tags)s::text[], %(parents)s::bigint[], %(webhooks)s::text[], %(webhook_secrets)s::bytea[]
    ) WITH ORDINALITY AS asked(
        queue, payload, priority, max_retries, timeout_seconds, run_at, expires_at, key, tags, parent_job_id,
        completion_webhook, completion_webhook_secret, position
    )
),
input AS MATERIALIZED (
    SELECT * FROM asked WHERE asked.has_parent
),
declared AS (
    INSERT INTO queue (org_id, name, created_at, updated_at)
    SELECT DISTINCT %(org_id)s::bigint, input.queue, %(now)s::timestamptz, %(now)s::timestamptz
    FROM input
    WHERE NOT EXISTS (SELECT FROM queue WHERE queue.org_id = %(org_id)s AND queue.name = input.queue)
    ORDER BY input.queue
    ON CONFLICT DO NOTHING
    RETURNING queue.name, queue.enabled, queue.paused_at
),
won AS (
    INSERT INTO idempotency_key AS known (org_id, key, job_id, expires_at)
    SELECT DISTINCT ON (input.key) %(org_id)s, input.key, input.id, %(keys_expire_at)s::timestamptz
    FROM input
    WHERE input.key IS NOT NULL
    ORDER BY input.key, input.position
    ON CONFLICT (org_id, key) DO UPDATE SET
        job_id = CASE WHEN known.expires_at <= %(now)s THEN excluded.job_id ELSE known.job_id END,
        expires_at = CASE WHEN known.expires_at <= %(now)s THEN excluded.expires_at ELSE known.expires_at END
    RETURNING known.key, known.job_id
),
winner AS MATERIALIZED (
    SELECT jsonb_object_agg(won.key, won.job_id) AS ids FROM won
),
created AS (
    INSERT INTO job (
        org_id, id, queue, state, priority, run_at, max_retries, timeout_seconds, payload, tags, created_at,
        updated_at, expires_at, idempotency_key, parent_job_id, completion_webhook, completion_webhook_secret
    )
    SELECT %(org_id)s, input.id, input.queue, 'pending', input.priority, input.run_at,
           coalesce(input.max_retries, queue.max_retries, 3),
           coalesce(input.timeout_seconds, queue.timeout_seconds, 300),
           input.payload::json, input.tags::jsonb, %(now)s, %(now)s, input.expires_at, input.key,
           input.parent_job_id, input.completion_webhook, input.completion_webhook_secret
    FROM input
    CROSS JOIN winner
    LEFT JOIN queue ON queue.org_id = %(org_id)s AND queue.name = input.queue
    WHERE input.key IS NULL OR (winner.ids ->> input.key)::bigint = input.id
    RETURNING id, queue, state, priority, attempts, max_retries, run_at, workflow_id, worker_id
)
SELECT (SELECT array_agg(CASE WHEN asked.has_parent THEN asked.id END ORDER BY asked.position) FROM asked) AS ids,
       (SELECT winner.ids FROM winner) AS winners,
       (SELECT count(*) FROM declared) AS new_queues,
       coalesce(
           (SELECT jsonb_object_agg(queue.name, jsonb_build_array(queue.max_retries, queue.timeout_seconds))
            FROM queue WHERE queue.org_id = %(org_id)s AND queue.name = ANY(%(queues)s::text[])),
           '{}'
       ) AS defaults,
       {{told_declared}} AS told_declared, CASE WHEN %(told)s::boolean THEN {{told}} END AS told;
