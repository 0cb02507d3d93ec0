-- gauges hot --
-- Over all organizations; each figure is counted in an index alone, that of the archive in its dead letters.
SELECT held.jobs - running.jobs AS jobs_pending, running.jobs AS jobs_processing,
       (SELECT count(*) FROM job_archive WHERE job_archive.org_id > 0 AND job_archive.state = 'deadletter')
           AS jobs_dead_letter,
       (SELECT count(*) FROM worker WHERE worker.org_id > 0 AND worker.last_heartbeat > %(heard_since)s::timestamptz)
           AS workers_active,
       greatest(0, coalesce(extract(epoch FROM %(now)s::timestamptz - (
           SELECT min(schedule.next_run_at) FROM schedule
           WHERE schedule.org_id > 0 AND schedule.next_run_at IS NOT NULL
       )), 0))::double precision AS schedule_lag_seconds
FROM (
    SELECT count(*) AS jobs FROM job WHERE job.org_id > 0
) AS held
CROSS JOIN (
    SELECT count(*) AS jobs FROM job WHERE job.org_id > 0 AND job.state = 'processing'
) AS running;

-- due hot --
-- Jobs that could run now, by the queues that metrics name and all others together, in the index of claims alone.
WITH due AS MATERIALIZED (
    SELECT job.queue, count(*) AS jobs, min(job.run_at) AS first_run_at
    FROM job
    WHERE job.org_id > 0 AND job.state = 'pending' AND job.run_at <= %(now)s::timestamptz
    GROUP BY job.queue
)
SELECT shown.queue, sum(shown.jobs)::bigint AS jobs, max(shown.seconds)::double precision AS oldest_seconds
FROM (
    SELECT measured_queue.queue, 0 AS jobs, 0 AS seconds FROM measured_queue
    UNION ALL
    SELECT '{{other}}', 0, 0
    UNION ALL
    SELECT coalesce(measured_queue.queue, '{{other}}'), due.jobs,
           extract(epoch FROM %(now)s::timestamptz - due.first_run_at)
    FROM due
    LEFT JOIN measured_queue ON measured_queue.queue = due.queue
) AS shown
GROUP BY shown.queue
ORDER BY shown.queue;
