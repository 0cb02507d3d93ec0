-- lock_workers --
-- Workers of one organization that come at the same moment are counted one after the other.
SELECT organization.org_id FROM organization WHERE organization.org_id = %(org_id)s FOR NO KEY UPDATE;

-- register_worker hot --
-- The count is of the others, so that a worker which comes again needs no free place.
WITH known AS (
    SELECT (SELECT count(*) FROM worker WHERE worker.org_id = %(org_id)s AND worker.id <> %(id)s) AS others,
           EXISTS (SELECT FROM worker WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s) AS is_known,
           EXISTS (SELECT FROM worker WHERE worker.id = %(id)s AND worker.org_id <> %(org_id)s) AS is_anothers
),
saved AS (
    INSERT INTO worker (
        org_id, id, queues, hostname, worker_type, version, metadata, max_concurrency, last_heartbeat,
        registered_at, updated_at
    )
    SELECT %(org_id)s, %(id)s, %(queues)s, %(hostname)s, %(worker_type)s, %(version)s, %(metadata)s::json,
           %(max_concurrency)s, %(now)s::timestamptz, %(now)s::timestamptz, %(now)s::timestamptz
    FROM known
    WHERE NOT known.is_anothers
      AND (known.is_known OR %(most)s::bigint IS NULL OR known.others < %(most)s::bigint)
    ON CONFLICT (org_id, id) DO UPDATE SET
        queues = excluded.queues, hostname = excluded.hostname, worker_type = excluded.worker_type,
        version = excluded.version, metadata = excluded.metadata, max_concurrency = excluded.max_concurrency,
        current_jobs = 0, status = 'healthy', last_heartbeat = excluded.last_heartbeat,
        updated_at = excluded.updated_at
    RETURNING id
)
SELECT known.others, known.is_anothers, saved.id IS NOT NULL AS registered
FROM known
LEFT JOIN saved ON true;

-- hear_from_worker hot --
UPDATE worker SET
    current_jobs = %(current_jobs)s, status = coalesce(%(status)s, status),
    metadata = coalesce(%(metadata)s::json, metadata), last_heartbeat = %(now)s, updated_at = %(now)s
WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s
  AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[])
RETURNING worker.id;

-- deregister_worker hot --
DELETE FROM worker
WHERE worker.org_id = %(org_id)s AND worker.id = %(id)s
  AND (%(key_queues)s::text[] IS NULL OR worker.queues && %(key_queues)s::text[])
RETURNING worker.id;

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
DELETE FROM worker
WHERE worker.last_heartbeat <= %(silent_since)s::timestamptz
  AND (worker.org_id, worker.id) IN (
      SELECT silent.org_id, silent.id FROM worker AS silent
      WHERE silent.last_heartbeat <= %(silent_since)s::timestamptz
      ORDER BY silent.last_heartbeat
      LIMIT %(limit)s
  )
RETURNING worker.org_id;
