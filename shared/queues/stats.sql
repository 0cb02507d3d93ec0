-- queue_stats --
-- Unfinished jobs are counted in the small hot table; of the history only the last day is read, and the
-- dead letters in an index of their own, so that the cost does not grow with the age of the queue.
SELECT live.*, recent.*,
       (SELECT count(*) FROM job_archive
        WHERE org_id = %(org_id)s AND queue = %(name)s AND state = 'deadletter') AS deadletter
FROM (
    SELECT count(*) FILTER (WHERE state = 'pending' AND NOT (attempts = 0 AND run_at > %(now)s)) AS pending,
           count(*) FILTER (WHERE state = 'waiting' OR (state = 'pending' AND attempts = 0 AND run_at > %(now)s))
               AS scheduled,
           count(*) FILTER (WHERE state = 'processing') AS processing,
           count(DISTINCT worker_id) FILTER (WHERE state = 'processing') AS workers,
           min(created_at) FILTER (WHERE state = 'pending' AND run_at <= %(now)s) AS oldest_created_at
    FROM job
    WHERE org_id = %(org_id)s AND queue = %(name)s
) AS live
CROSS JOIN (
    SELECT count(*) FILTER (WHERE state = 'completed') AS completed,
           count(*) FILTER (WHERE state IN ('failed', 'deadletter')) AS failed,
           (avg(extract(epoch FROM finished_at - started_at)) FILTER (WHERE state = 'completed') * 1000)
               ::double precision AS average_ms
    FROM job_archive
    WHERE org_id = %(org_id)s AND queue = %(name)s AND finished_at > %(since)s
) AS recent;
