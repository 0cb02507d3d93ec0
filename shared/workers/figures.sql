-- count_workers hot --
SELECT {{counts}} FROM worker
WHERE worker.org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR worker.queues && %(queues)s::text[]);

-- count_all_workers hot --
SELECT {{counts}} FROM worker WHERE worker.org_id > 0;

-- counts --
-- A fragment. The state of a worker as its own page shows it: what it says of itself, unless it has missed
-- heartbeats.
count(*) AS total,
count(*) FILTER (
    WHERE worker.status = 'healthy' AND worker.last_heartbeat > %(late_since)s::timestamptz
       OR worker.status = 'draining' AND worker.last_heartbeat > %(offline_since)s::timestamptz
) AS healthy
