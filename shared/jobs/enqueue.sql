-- enqueue_jobs hot --
-- One statement for one job or a thousand; what few of them need stands in functions. Each queue is looked up
-- once, whatever goes there, and without the LIMIT a plan from when there were no queues would read all of them.
-- Ids are given before the join, in the order of the jobs. Winners of idempotency keys are looked up in one jsonb
-- object, since a join of two thousand-row CTEs would be planned as a nested loop. A job whose parent there is
-- not is left out, unless its key says that it was made before.
WITH named AS MATERIALIZED (
    SELECT array_agg(coalesce(queue.max_retries, 3) ORDER BY asked.place) AS max_retries,
           array_agg(coalesce(queue.timeout_seconds, 300) ORDER BY asked.place) AS timeouts,
           array_agg(queue.name IS NULL ORDER BY asked.place) AS are_new
    FROM unnest(%(queues)s::text[]) WITH ORDINALITY AS asked(name, place)
    LEFT JOIN LATERAL (
        SELECT queue.name, queue.max_retries, queue.timeout_seconds
        FROM queue
        WHERE queue.org_id = %(org_id)s AND queue.name = asked.name
        LIMIT 1
    ) AS queue ON true
),
input AS MATERIALIZED (
    SELECT asked.*,
           (%(queues)s::text[])[asked.place] AS queue,
           asked.parent_job_id IS NULL
           OR job_exists(%(org_id)s::bigint, asked.parent_job_id, %(seen_queues)s::text[])
           OR is_key_known(%(org_id)s::bigint, asked.key, %(now)s) AS has_parent,
           named.are_new[asked.place] AS is_new_queue,
           coalesce(asked.own_retries, named.max_retries[asked.place]) AS max_retries,
           coalesce(asked.own_timeout, named.timeouts[asked.place]) AS timeout_seconds
    FROM (
        SELECT given.*, coalesce(given.own_place, 1) AS place, next_id() AS id
        FROM unnest(
            %(places)s::integer[], %(payloads)s::text[], %(priorities)s::smallint[], %(max_retries)s::integer[],
            %(timeouts)s::integer[], %(run_ats)s::timestamptz[], %(expires_ats)s::timestamptz[], %(keys)s::text[],
            %(tags)s::text[], %(parents)s::bigint[], %(webhooks)s::text[], %(webhook_secrets)s::bytea[],
            %(traces)s::text[]
        ) WITH ORDINALITY AS given(
            own_place, payload, priority, own_retries, own_timeout, run_at, expires_at, key, tags, parent_job_id,
            completion_webhook, completion_webhook_secret, trace, position
        )
    ) AS asked
    CROSS JOIN named
),
winner AS MATERIALIZED (
    SELECT CASE WHEN count(*) > 0 THEN win_keys(
               %(org_id)s::bigint, array_agg(input.key ORDER BY input.position),
               array_agg(input.id ORDER BY input.position), %(now)s, %(keys_expire_at)s
           ) END AS ids
    FROM input
    WHERE input.key IS NOT NULL AND input.has_parent
),
created AS (
    INSERT INTO job (
        org_id, id, queue, state, priority, run_at, max_retries, timeout_seconds, payload, tags, created_at,
        updated_at, expires_at, idempotency_key, parent_job_id, completion_webhook, completion_webhook_secret,
        trace
    )
    SELECT %(org_id)s, input.id, input.queue, 'pending', coalesce(input.priority, 0), coalesce(input.run_at, %(now)s),
           input.max_retries, input.timeout_seconds, input.payload::json, input.tags::jsonb, %(now)s, %(now)s,
           input.expires_at, input.key, input.parent_job_id, input.completion_webhook,
           input.completion_webhook_secret, input.trace
    FROM input
    CROSS JOIN winner
    WHERE {{is_made}}
    RETURNING id, queue, state, priority, attempts, max_retries, run_at, workflow_id, worker_id
)
SELECT made.ids, made.max_retries, made.timeouts, (SELECT winner.ids FROM winner) AS winners,
       CASE WHEN made.has_new_queues THEN declare_queues(
           %(org_id)s::bigint,
           ARRAY(
               SELECT input.queue FROM input
               CROSS JOIN winner
               WHERE input.is_new_queue AND {{is_made}}
           ), %(now)s
       ) ELSE 0 END AS new_queues,
       CASE WHEN %(told)s::boolean THEN {{told}} END AS told
FROM (
    SELECT array_agg(CASE WHEN input.has_parent THEN input.id END ORDER BY input.position) AS ids,
           array_agg(input.max_retries ORDER BY input.position) AS max_retries,
           array_agg(input.timeout_seconds ORDER BY input.position) AS timeouts,
           bool_or(input.is_new_queue AND input.has_parent) AS has_new_queues
    FROM input
) AS made;

-- is_made --
-- A fragment. What stands for an earlier one makes nothing, and declares nothing.
input.has_parent AND (input.key IS NULL OR (winner.ids ->> input.key)::bigint = input.id)
