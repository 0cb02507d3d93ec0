-- dashboard hot --
-- Unfinished jobs are counted in the small hot table; of the history only the last day is read, and the dead
-- letters in an index of their own, so that the cost does not grow with the age of the organization.
SELECT live.*, recent.*, dead.*, made.*
FROM (
    SELECT count(*) AS unfinished,
           count(*) FILTER (WHERE state = 'pending' AND NOT (attempts = 0 AND run_at > %(now)s)) AS pending,
           count(*) FILTER (WHERE state = 'processing') AS processing,
           count(DISTINCT worker_id) FILTER (WHERE state = 'processing') AS workers,
           count(DISTINCT worker_id) FILTER (WHERE state = 'processing' AND leased_until > %(now)s)
               AS healthy_workers
    FROM job
    WHERE org_id = %(org_id)s
) AS live
CROSS JOIN (
    SELECT count(*) AS finished_24h,
           count(*) FILTER (WHERE state = 'deadletter') AS dead_24h,
           count(*) FILTER (WHERE state = 'completed') AS completed_24h,
           count(*) FILTER (WHERE state IN ('failed', 'deadletter')) AS failed_24h,
           count(*) FILTER (WHERE state = 'completed' AND finished_at > %(hour_ago)s) AS completed_1h,
           count(*) FILTER (WHERE state IN ('failed', 'deadletter') AND finished_at > %(hour_ago)s) AS failed_1h,
           (avg(extract(epoch FROM started_at - run_at)) FILTER (WHERE state = 'completed') * 1000)
               ::double precision AS wait_ms,
           (avg(extract(epoch FROM finished_at - started_at)) FILTER (WHERE state = 'completed') * 1000)
               ::double precision AS processing_ms
    FROM job_archive
    WHERE org_id = %(org_id)s AND finished_at > %(day_ago)s
) AS recent
CROSS JOIN (
    SELECT count(*) AS deadletter FROM job_archive WHERE org_id = %(org_id)s AND state = 'deadletter'
) AS dead
CROSS JOIN (
    SELECT (SELECT count(*) FROM job WHERE org_id = %(org_id)s AND id >= %(hour_ago_id)s)
               + (SELECT count(*) FROM job_archive WHERE org_id = %(org_id)s AND id >= %(hour_ago_id)s)
               AS created_1h
) AS made;

-- dashboard_queues hot --
SELECT queue.name, queue.paused_at IS NOT NULL AS paused,
       coalesce(live.pending, 0) AS pending, coalesce(live.processing, 0) AS processing
FROM queue
LEFT JOIN (
    SELECT queue,
           count(*) FILTER (WHERE state = 'pending' AND NOT (attempts = 0 AND run_at > %(now)s)) AS pending,
           count(*) FILTER (WHERE state = 'processing') AS processing
    FROM job
    WHERE org_id = %(org_id)s
    GROUP BY queue
) AS live ON live.queue = queue.name
WHERE queue.org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR queue.name = ANY(%(queues)s))
ORDER BY queue.name;
