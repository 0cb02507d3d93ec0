-- register_worker hot --
-- A worker that comes again needs no free place: its row was there, which its xmax tells. A key that is held
-- to queues takes over no worker of others.
WITH saved AS (
    INSERT INTO worker (
        org_id, id, queues, hostname, worker_type, version, metadata, max_concurrency, last_heartbeat,
        registered_at, updated_at
    )
    SELECT %(org_id)s, %(id)s, %(queues)s, %(hostname)s, %(worker_type)s, %(version)s, %(metadata)s::json,
           %(max_concurrency)s, %(now)s::timestamptz, %(now)s::timestamptz, %(now)s::timestamptz
    WHERE NOT EXISTS (SELECT FROM worker WHERE worker.id = %(id)s AND worker.org_id <> %(org_id)s)
    ON CONFLICT (org_id, id) DO UPDATE SET
        queues = excluded.queues, hostname = excluded.hostname, worker_type = excluded.worker_type,
        version = excluded.version, metadata = excluded.metadata, max_concurrency = excluded.max_concurrency,
        current_jobs = 0, status = 'healthy', last_heartbeat = excluded.last_heartbeat,
        updated_at = excluded.updated_at
    WHERE %(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[]
    RETURNING *, xmax = 0 AS is_new
),
fresh AS (
    SELECT * FROM saved WHERE saved.is_new
),
heard AS (
    SELECT * FROM saved WHERE NOT saved.is_new
)
SELECT saved.is_new, {{told_registered}} AS told, {{told_heard}} AS told_heard FROM saved;

-- hear_from_worker hot --
WITH heard AS (
    UPDATE worker SET
        current_jobs = %(current_jobs)s, status = coalesce(%(status)s, status),
        metadata = coalesce(%(metadata)s::json, metadata), last_heartbeat = %(now)s, updated_at = %(now)s
    WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s
      AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[])
    RETURNING worker.*
)
SELECT heard.status, {{told_heard}} AS told FROM heard;

-- deregister_worker hot --
WITH gone AS (
    DELETE FROM worker
    WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s
      AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[])
    RETURNING worker.*
)
SELECT gone.id, {{told_deregistered}} AS told FROM gone;

-- get_worker hot --
SELECT * FROM worker
WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s
  AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[]);

-- list_workers hot --
SELECT * FROM worker
WHERE worker.org_id = %(org_id)s
  AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[])
ORDER BY worker.registered_at, worker.id;

-- forget_silent_workers hot --
-- One that is heard of in between keeps its row: the condition is looked at again under the lock.
WITH gone AS (
    DELETE FROM worker
    WHERE worker.last_heartbeat <= %(silent_since)s::timestamptz
      AND (worker.org_id, worker.id) IN (
          SELECT silent.org_id, silent.id FROM worker AS silent
          WHERE silent.last_heartbeat <= %(silent_since)s::timestamptz
          ORDER BY silent.last_heartbeat
          LIMIT %(limit)s
      )
    RETURNING worker.*
)
SELECT gone.org_id, count(*) AS count,
       tell(gone.org_id, ARRAY['worker.deregistered'], array_agg({{item}}), %(now)s) AS told
FROM gone
GROUP BY gone.org_id;
