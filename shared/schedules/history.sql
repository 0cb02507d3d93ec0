-- list_runs hot --
-- A schedule without runs gives one row without a run, an unknown one gives none. The state is read from the
-- job itself: nothing has to be kept in step with it.
SELECT schedule.id AS schedule_id, run.id, run.planned_at, run.started_at, run.job_id, run.error,
       coalesce(job.state, archived.state) AS state, coalesce(job.last_error, archived.last_error) AS last_error,
       archived.finished_at
FROM schedule
LEFT JOIN LATERAL (
    SELECT * FROM schedule_run
    WHERE schedule_run.org_id = schedule.org_id AND schedule_run.schedule_id = schedule.id
    ORDER BY schedule_run.id DESC
    LIMIT %(limit)s
) AS run ON true
LEFT JOIN job ON job.org_id = run.org_id AND job.id = run.job_id
LEFT JOIN job_archive AS archived ON archived.org_id = run.org_id AND archived.id = run.job_id
WHERE schedule.org_id = %(org_id)s AND schedule.id = %(id)s
  AND (%(queues)s::text[] IS NULL OR schedule.queue = ANY(%(queues)s::text[]))
ORDER BY run.id DESC;
