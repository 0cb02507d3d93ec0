-- gauges hot --
-- Over all organizations: one pass over the unfinished jobs, and the index of the dead letters. The archive
-- itself is never read.
SELECT live.jobs_pending, live.jobs_processing, live.job_max_age_seconds,
       (SELECT count(*) FROM job_archive WHERE job_archive.org_id > 0 AND job_archive.state = 'deadletter')
           AS jobs_dead_letter,
       (SELECT count(*) FROM worker WHERE worker.org_id > 0 AND worker.last_heartbeat > %(heard_since)s::timestamptz)
           AS workers_active
FROM (
    SELECT count(*) FILTER (WHERE job.state <> 'processing') AS jobs_pending,
           count(*) FILTER (WHERE job.state = 'processing') AS jobs_processing,
           greatest(
               0,
               coalesce(
                   extract(
                       epoch FROM %(now)s::timestamptz - min(job.run_at) FILTER (WHERE job.state = 'pending')
                   ),
                   0
               )
           )::double precision AS job_max_age_seconds
    FROM job
    WHERE job.org_id > 0
) AS live;
