-- recent hot --
SELECT day.*, hour.*, made.*
FROM (
    SELECT coalesce(sum(finished.completed), 0)::bigint AS completed_24h,
           coalesce(sum(finished.failed), 0)::bigint AS failed_24h,
           sum(finished.wait_ms) / nullif(sum(finished.completed), 0)::double precision AS wait_ms,
           sum(finished.processing_ms) / nullif(sum(finished.completed), 0)::double precision AS processing_ms
    FROM (
        {{finished_day}}
    ) AS finished
) AS day
CROSS JOIN (
    SELECT coalesce(sum(finished.completed), 0)::bigint AS completed_1h,
           coalesce(sum(finished.failed), 0)::bigint AS failed_1h
    FROM (
        {{finished_hour}}
    ) AS finished
) AS hour
CROSS JOIN (
    SELECT coalesce(sum(made.created), 0)::bigint AS created_1h
    FROM (
        {{created_hour}}
    ) AS made
) AS made;

-- queues hot --
-- Waiting and running jobs, each counted in the index that has them alone.
SELECT queue.name, queue.paused_at IS NOT NULL AS paused,
       coalesce(waiting.count, 0) AS pending, coalesce(running.count, 0) AS processing
FROM queue
LEFT JOIN (
    SELECT job.queue, count(*) FILTER (WHERE NOT (job.attempts = 0 AND job.run_at > %(now)s::timestamptz)) AS count
    FROM job
    WHERE job.org_id = %(org_id)s AND job.state = 'pending'
    GROUP BY job.queue
) AS waiting ON waiting.queue = queue.name
LEFT JOIN (
    SELECT job.queue, count(*) AS count
    FROM job
    WHERE job.org_id = %(org_id)s AND job.state = 'processing'
    GROUP BY job.queue
) AS running ON running.queue = queue.name
WHERE queue.org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR queue.name = ANY(%(queues)s::text[]))
ORDER BY queue.name;
