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
-- Waiting and running jobs, each counted once, in the index that has them alone: joined as subqueries they would
-- be counted again for each queue.
WITH waiting AS MATERIALIZED (
    SELECT job.queue, count(*) FILTER (WHERE NOT (job.attempts = 0 AND job.run_at > %(now)s::timestamptz)) AS count,
           min(job.id) FILTER (WHERE job.run_at <= %(now)s::timestamptz) AS oldest_id
    FROM job
    WHERE job.org_id = %(org_id)s AND job.state = 'pending'
    GROUP BY job.queue
),
running AS MATERIALIZED (
    SELECT job.queue, count(*) AS count
    FROM job
    WHERE job.org_id = %(org_id)s AND job.state = 'processing'
    GROUP BY job.queue
)
SELECT queue.name, queue.paused_at IS NOT NULL AS paused,
       coalesce(waiting.count, 0) AS pending, coalesce(running.count, 0) AS processing,
       CASE WHEN waiting.oldest_id IS NOT NULL THEN greatest(
           0, extract(epoch FROM %(now)s::timestamptz - to_timestamp((waiting.oldest_id >> 20) / 1000.0))
       )::int END AS oldest_job_age_seconds
FROM queue
LEFT JOIN waiting ON waiting.queue = queue.name
LEFT JOIN running ON running.queue = queue.name
WHERE queue.org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR queue.name = ANY(%(queues)s::text[]))
ORDER BY queue.name;

-- activity --
-- What the timer has counted, in steps; a step that is not over for it is not shown. Slots of a queue or of all.
SELECT step.starts_at, coalesce(slot.created, 0) AS created, coalesce(slot.completed, 0) AS completed,
       coalesce(slot.failed, 0) AS failed, slot.wait_ms / nullif(slot.completed, 0) AS avg_wait_time_ms,
       slot.processing_ms / nullif(slot.completed, 0) AS avg_processing_time_ms
FROM generate_series(%(since)s::timestamptz, %(now)s::timestamptz, %(step)s::interval) AS step(starts_at)
LEFT JOIN (
    SELECT date_bin(%(step)s::interval, job_slot.starts_at, timestamptz 'epoch') AS starts_at,
           sum(job_slot.created)::bigint AS created, sum(job_slot.completed)::bigint AS completed,
           sum(job_slot.failed)::bigint AS failed, sum(job_slot.wait_ms) AS wait_ms,
           sum(job_slot.processing_ms) AS processing_ms
    FROM job_slot
    WHERE job_slot.org_id = %(org_id)s AND job_slot.starts_at >= %(since)s::timestamptz
      AND (%(queues)s::text[] IS NULL OR job_slot.queue = ANY(%(queues)s::text[]))
    GROUP BY 1
) AS slot ON slot.starts_at = step.starts_at
WHERE step.starts_at + %(step)s::interval <= {{mark}}
ORDER BY step.starts_at;
