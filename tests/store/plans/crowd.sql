-- 200,000 rows: organization 1 has one queue in which many delayed jobs of high priorities stand in front of
-- the due ones, running jobs in 40 queues, and a history; 100 other organizations have the rest.
SELECT set_config('role', 'spooled_system', true);

INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)
VALUES (1, 'Crowd', 'crowd', 'free', now(), now());

INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload,
                 created_at, updated_at, started_at, lease_id, leased_until, worker_id, expires_at)
SELECT CASE WHEN n <= 80000 THEN 1 ELSE 2 + n % 100 END, n,
       CASE WHEN n <= 70000 THEN 'emails' ELSE 'queue-' || n % 40 END,
       CASE WHEN n > 70000 AND n % 20 = 0 THEN 'processing' ELSE 'pending' END,
       CASE WHEN n <= 60000 THEN 50 + n % 10 WHEN n <= 70000 THEN n % 2 - 5 ELSE 100 END,
       CASE WHEN n <= 60000 THEN now() + interval '30 days' ELSE now() - interval '1 hour' END,
       1, 3, 300, '{"job_type": "crowd"}', now(), now(), now(),
       CASE WHEN n > 70000 AND n % 20 = 0 THEN n END,
       CASE WHEN n > 70000 AND n % 20 = 0 THEN now() + (n % 7 - 1) * interval '1 minute' END,
       CASE WHEN n > 70000 AND n % 20 = 0 THEN 'w1' END,
       CASE WHEN n % 1000 = 0 THEN now() - interval '1 minute' END
FROM generate_series(1, 150000) AS n;

INSERT INTO job_archive (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,
                         payload, created_at, updated_at, finished_at)
SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + n % 100 END, n, 'emails',
       CASE WHEN n <= 150050 THEN 'deadletter' WHEN n <= 150100 THEN 'cancelled' ELSE 'completed' END,
       0, now(), 1, 3, 300, '{"job_type": "crowd"}', now(), now(), now()
FROM generate_series(150001, 200000) AS n;

INSERT INTO workflow (org_id, id, name, state, queues, total_jobs, created_at, updated_at, completed_at)
SELECT 1, n, 'crowd', CASE WHEN n <= 3 THEN 'running' WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END, '{emails}', 3,
       now(), now(), CASE WHEN n > 3 THEN now() END
FROM generate_series(1, 10000) AS n;
