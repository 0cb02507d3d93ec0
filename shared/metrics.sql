-- gauges hot --
-- Over all organizations; each figure is counted in an index alone, that of the archive in its dead letters.
SELECT live.unfinished - live.processing AS jobs_pending, live.processing AS jobs_processing,
       greatest(0, coalesce(extract(epoch FROM %(now)s::timestamptz - live.first_run_at), 0))::double precision
           AS job_max_age_seconds,
       (SELECT count(*) FROM job_archive WHERE job_archive.org_id > 0 AND job_archive.state = 'deadletter')
           AS jobs_dead_letter,
       (SELECT count(*) FROM worker WHERE worker.org_id > 0 AND worker.last_heartbeat > %(heard_since)s::timestamptz)
           AS workers_active
FROM (
    {{unfinished}}
) AS live;
