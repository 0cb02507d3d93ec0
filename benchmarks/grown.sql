-- organizations --
INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)
SELECT n, 'Bench', 'bench-' || n, 'enterprise', now(), now() FROM generate_series(1, %(organizations)s::integer) AS n
ON CONFLICT DO NOTHING;

-- queues --
INSERT INTO queue (org_id, name, created_at, updated_at)
SELECT organization.org_id, 'bench-' || n, now(), now()
FROM organization
CROSS JOIN generate_series(0, %(queues)s::integer - 1) AS n
ON CONFLICT DO NOTHING;

-- pending --
-- As the enqueue leaves them. Every second one is delayed by a day, at a higher priority than those that are due.
INSERT INTO job (org_id, queue, state, priority, run_at, max_retries, timeout_seconds, payload, tags, created_at, updated_at)
SELECT 1, 'bench-0', 'pending', CASE n % 2 WHEN 0 THEN 0 ELSE 5 END,
       CASE n % 2 WHEN 0 THEN now() ELSE now() + interval '1 day' END,
       3, 300, json_build_object('n', n, 'text', repeat('x', %(payload_bytes)s::integer)), NULL, now(), now()
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n;

-- partition --
SELECT ensure_archive_partition(%(day)s::date);

-- archived --
-- As the enqueue, the claim and the completion leave them, those of one day: eight of ten of the first
-- organization, one of ten of the second, the others of all others; six of a hundred ended badly.
INSERT INTO job_archive (
    org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags, created_at,
    updated_at, started_at, lease_id, worker_id, last_error, log, result, finished_at
)
SELECT CASE WHEN n % 10 < 8 THEN 1 WHEN n % 10 = 8 THEN least(2, %(organizations)s) ELSE least(3 + n / 10 % 100, %(organizations)s) END,
       made.id, 'bench-' || n / 10 % 10, ending.state, 0, made.at, CASE ending.state WHEN 'cancelled' THEN 0 ELSE 1 END,
       3, 300, json_build_object('job_type', 'type-' || n % 7, 'n', n, 'text', repeat('x', %(payload_bytes)s::integer)),
       CASE WHEN n % 1000 = 0 THEN '{"rare": "x"}'::jsonb END, made.at, made.at + interval '2 seconds',
       made.at + interval '1 second', made.id + 1, 'worker-' || n % 16,
       CASE ending.state WHEN 'completed' THEN NULL ELSE 'It broke' END,
       CASE ending.state WHEN 'completed' THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('event', ending.state, 'at', made.at)) END,
       CASE ending.state WHEN 'completed' THEN '{"done": true}'::json END, made.at + interval '2 seconds'
FROM generate_series(1, %(jobs)s::integer) AS n
CROSS JOIN LATERAL (
    SELECT (id_at(day.at) >> 20 << 20) + n % 1048576 AS id, day.at
    FROM (SELECT %(day)s::date::timestamptz + n * (interval '86390 seconds' / %(jobs)s) AS at) AS day
) AS made
CROSS JOIN LATERAL (
    SELECT CASE n / 10 % 100 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'failed' WHEN 2 THEN 'deadletter' WHEN 3 THEN 'deadletter'
           WHEN 4 THEN 'deadletter' WHEN 5 THEN 'deadletter' ELSE 'completed' END AS state
) AS ending;

-- totals --
-- As the timer of the figures would have counted by now.
INSERT INTO job_total (org_id, queue, completed)
SELECT org_id, queue, count(*) FROM job_archive
WHERE org_id > 0 AND state = 'completed'
GROUP BY org_id, queue;

-- slots --
INSERT INTO job_slot (org_id, queue, starts_at, created, completed, failed, wait_ms, processing_ms)
SELECT org_id, queue, slot_of(finished_at), count(*), count(*) FILTER (WHERE state = 'completed'),
       count(*) FILTER (WHERE state IN ('failed', 'deadletter')), 0,
       count(*) FILTER (WHERE state = 'completed') * 1000
FROM job_archive
WHERE org_id > 0 AND id >= id_at(slot_of(now() - interval '25 hours'))
GROUP BY org_id, queue, slot_of(finished_at);

-- marks --
INSERT INTO job_total_mark (org_id, counted_until)
SELECT organization.org_id, slot_of(now() - interval '1 minute') FROM organization;
