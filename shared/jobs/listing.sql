-- list_jobs hot --
-- Both halves read an index from its newest end and stop after one page; ids sort by time. Conditions are
-- added only when asked for, since `(parameter IS NULL OR ...)` would keep a generic plan off the index.
SELECT * FROM (
    (
        SELECT job.id, job.queue, job.state, job.priority, job.attempts, job.max_retries, job.last_error,
               job.created_at, job.run_at, job.started_at, job.payload ->> 'job_type' AS job_type,
               NULL::timestamptz AS finished_at
        FROM job
        WHERE job.org_id = %(org_id)s
        {{live}}
        ORDER BY job.id DESC
        LIMIT %(need)s
    )
    UNION ALL
    (
        SELECT job.id, job.queue, job.state, job.priority, job.attempts, job.max_retries, job.last_error,
               job.created_at, job.run_at, job.started_at, job.payload ->> 'job_type', job.finished_at
        FROM job_archive AS job
        WHERE job.org_id = %(org_id)s
        {{settled}}
        ORDER BY job.id DESC
        LIMIT %(need)s
    )
) AS page
ORDER BY page.id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- where_queue --
AND job.queue = %(queue)s

-- where_keyed --
AND job.queue = ANY(%(queues)s::text[])

-- where_live_statuses --
-- `scheduled` is not stored: a first run ahead, or a step that waits for its parents.
AND CASE
        WHEN job.state = 'waiting' THEN 'scheduled'
        WHEN job.state = 'pending' AND job.attempts = 0 AND job.run_at > %(now)s::timestamptz THEN 'scheduled'
        ELSE job.state
    END = ANY(%(statuses)s::text[])

-- where_settled_statuses --
AND job.state = ANY(%(statuses)s::text[])
