-- Organization 1 has 1,000,000 finished jobs, 400,000 of them of the last day, and 100,000 unfinished ones in 20
-- queues; 50 other organizations have 100,000 between them. One in ten of the finished ended badly.
SELECT set_config('role', 'spooled_system', true);

SELECT ensure_archive_partition(current_date - ago) FROM generate_series(-1, 7) AS ago;

INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)
SELECT n, 'o', 'o-' || n, 'enterprise', now(), now() FROM generate_series(1, 50) AS n;

INSERT INTO queue (org_id, name, created_at, updated_at)
SELECT 1, 'queue-' || n, now(), now() FROM generate_series(0, 19) AS n;

INSERT INTO worker (org_id, id, queues, hostname, max_concurrency, last_heartbeat, registered_at, updated_at)
SELECT 1, 'w' || n, '{queue-1}', 'h', 5, now(), now(), now() FROM generate_series(1, 100) AS n;

INSERT INTO job_archive (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,
                         payload, tags, created_at, updated_at, started_at, finished_at)
SELECT CASE WHEN n % 11 = 0 THEN 2 + n % 49 ELSE 1 END, (id_at(made.at) >> 20 << 20) + n % 1048576,
       'queue-' || n % 20,
       CASE n % 30 WHEN 0 THEN 'deadletter' WHEN 1 THEN 'failed' WHEN 2 THEN 'cancelled' ELSE 'completed' END,
       n % 5, made.at, 1, 3, 300, json_build_object('job_type', 'type-' || n % 7),
       CASE WHEN n % 50 = 0 THEN '{"rare": "x"}'::jsonb END,
       made.at, made.at + interval '2 seconds', made.at + interval '1 second', made.at + interval '2 seconds'
FROM generate_series(1, 1100000) AS n
CROSS JOIN LATERAL (
    SELECT now() - interval '5 seconds' - CASE
        WHEN n <= 660000 THEN interval '1 day' + (660001 - n) * interval '0.52 seconds'
        ELSE (1100001 - n) * interval '0.19636 seconds'
    END AS at
) AS made;

INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload,
                 created_at, updated_at, started_at, lease_id, leased_until, worker_id)
SELECT CASE WHEN n % 11 = 0 THEN 2 + n % 49 ELSE 1 END,
       (id_at(now() - n * interval '0.1 seconds') >> 20 << 20) + n, 'queue-' || n % 20,
       CASE WHEN n % 100 = 0 THEN 'processing' ELSE 'pending' END, n % 5,
       CASE WHEN n % 4 = 0 THEN now() + interval '1 hour' ELSE now() - interval '1 hour' END,
       (n % 100 = 0)::integer, 3, 300, json_build_object('job_type', 'type-' || n % 7), now(), now(),
       CASE WHEN n % 100 = 0 THEN now() END, CASE WHEN n % 100 = 0 THEN n END,
       CASE WHEN n % 100 = 0 THEN now() + interval '1 minute' END, CASE WHEN n % 100 = 0 THEN 'w' || n % 1000 END
FROM generate_series(1, 110000) AS n;

-- As the timer would have counted six minutes ago.
INSERT INTO job_total_mark SELECT org_id, slot_of(now() - interval '6 minutes') FROM organization;

INSERT INTO job_slot (org_id, queue, starts_at, created, completed, failed, wait_ms, processing_ms)
SELECT org_id, queue, slot_of(finished_at), count(*), count(*) FILTER (WHERE state = 'completed'),
       count(*) FILTER (WHERE state IN ('failed', 'deadletter')), 1, 1
FROM job_archive
WHERE finished_at < slot_of(now() - interval '6 minutes')
  AND finished_at >= slot_of(now() - interval '25 hours')
GROUP BY org_id, queue, slot_of(finished_at);

INSERT INTO job_total (org_id, queue, completed)
SELECT org_id, queue, count(*) FROM job_archive
WHERE state = 'completed' AND finished_at < slot_of(now() - interval '6 minutes')
GROUP BY org_id, queue;
