-- job_stats hot --
-- Unfinished jobs stand in the small hot table, those that ended otherwise than well in an index of their
-- own; completed ones were counted by the timer, but for those since its last run.
SELECT live.pending, live.scheduled, live.processing, ended.failed, ended.deadletter, ended.cancelled,
       counted.completed + since.completed AS completed
FROM (
    SELECT count(*) FILTER (WHERE job.state = 'pending' AND NOT (job.attempts = 0 AND job.run_at > %(now)s::timestamptz))
               AS pending,
           count(*) FILTER (WHERE job.state = 'waiting' OR (
               job.state = 'pending' AND job.attempts = 0 AND job.run_at > %(now)s::timestamptz
           )) AS scheduled,
           count(*) FILTER (WHERE job.state = 'processing') AS processing
    FROM job
    WHERE job.org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
) AS live
CROSS JOIN (
    SELECT count(*) FILTER (WHERE state = 'failed') AS failed,
           count(*) FILTER (WHERE state = 'deadletter') AS deadletter,
           count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM job_archive
    WHERE org_id = %(org_id)s AND state <> 'completed'
      AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
) AS ended
CROSS JOIN (
    SELECT coalesce(sum(completed), 0)::bigint AS completed
    FROM job_total
    WHERE org_id = %(org_id)s AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
) AS counted
CROSS JOIN (
    SELECT count(*) AS completed
    FROM job_archive
    WHERE org_id = %(org_id)s AND state = 'completed'
      AND finished_at >= coalesce(
          (SELECT counted_until FROM job_total_mark WHERE org_id = %(org_id)s), '-infinity'
      )
      AND (%(queues)s::text[] IS NULL OR queue = ANY(%(queues)s::text[]))
) AS since;

-- mark_new_organizations --
INSERT INTO job_total_mark (org_id, counted_until)
SELECT organization.org_id, '-infinity'
FROM organization
WHERE NOT EXISTS (SELECT FROM job_total_mark WHERE job_total_mark.org_id = organization.org_id)
ON CONFLICT DO NOTHING;

-- count_completed hot --
-- Each organization's jobs that finished since its mark, added to its totals in the statement that moves the
-- mark: of two timers at once the second skips what the first has locked, so no job is counted twice.
WITH due AS MATERIALIZED (
    SELECT mark.org_id, mark.counted_until
    FROM job_total_mark AS mark
    WHERE mark.counted_until < %(until)s::timestamptz
    ORDER BY mark.counted_until
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
added AS (
    INSERT INTO job_total (org_id, queue, completed)
    SELECT due.org_id, finished.queue, finished.completed
    FROM due
    CROSS JOIN LATERAL (
        SELECT job_archive.queue, count(*) AS completed
        FROM job_archive
        WHERE job_archive.org_id = due.org_id AND job_archive.state = 'completed'
          AND job_archive.finished_at >= due.counted_until AND job_archive.finished_at < %(until)s::timestamptz
        GROUP BY job_archive.queue
    ) AS finished
    ON CONFLICT (org_id, queue) DO UPDATE SET completed = job_total.completed + excluded.completed
)
UPDATE job_total_mark SET counted_until = %(until)s
FROM due
WHERE job_total_mark.org_id = due.org_id
RETURNING job_total_mark.org_id;
