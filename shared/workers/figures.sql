-- count_workers hot --
-- The state of a worker as its own page shows it: what it says of itself, unless it has missed heartbeats.
SELECT count(*) AS total,
       count(*) FILTER (
           WHERE worker.status = 'healthy' AND worker.last_heartbeat > %(late_since)s::timestamptz
              OR worker.status = 'draining' AND worker.last_heartbeat > %(offline_since)s::timestamptz
       ) AS healthy
FROM worker
WHERE worker.org_id BETWEEN %(first_org)s::bigint AND %(last_org)s::bigint;
