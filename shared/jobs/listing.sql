-- list_jobs hot --
-- Each branch reads an index from one end and stops after a page; ids sort by time. Conditions are added
-- only when asked for, since `(parameter IS NULL OR ...)` would keep a generic plan off the index, and a
-- status is a branch with the status as a literal, since only that opens a partial index.
SELECT * FROM ({{branches}}) AS page
ORDER BY {{order}}
LIMIT %(limit)s OFFSET %(offset)s;

-- branch_live hot --
(
    SELECT {{columns}}, job.payload ->> 'job_type' AS job_type,
           NULL::json AS result, NULL::timestamptz AS finished_at
    FROM job
    WHERE job.org_id = %(org_id)s
    {{conditions}}
    ORDER BY {{order}}
    LIMIT %(need)s
)

-- branch_settled hot --
(
    SELECT {{columns}}, job.payload ->> 'job_type' AS job_type, job.result, job.finished_at
    FROM job_archive AS job
    WHERE job.org_id = %(org_id)s
    {{conditions}}
    ORDER BY {{order}}
    LIMIT %(need)s
)

-- where_queue --
AND job.queue = %(queue)s

-- where_keyed --
AND job.queue = ANY(%(queues)s::text[])

-- where_pending --
AND job.state = 'pending' AND (job.attempts > 0 OR job.run_at <= %(now)s::timestamptz)

-- where_scheduled --
-- Not stored: a first run ahead, or a step that waits for its parents.
AND (job.state = 'waiting' OR (job.state = 'pending' AND job.attempts = 0 AND job.run_at > %(now)s::timestamptz))

-- where_processing --
AND job.state = 'processing'

-- where_completed --
AND job.state = 'completed'

-- where_failed --
AND job.state = 'failed'

-- where_deadletter --
AND job.state = 'deadletter'

-- where_cancelled --
AND job.state = 'cancelled'

-- where_q --
AND (
    position(lower(%(q)s::text) IN lower(job.queue)) > 0
    OR position(lower(%(q)s::text) IN lower(job.payload ->> 'job_type')) > 0
    OR job.id BETWEEN %(q_first)s::bigint AND %(q_last)s::bigint
)

-- where_job_type --
AND job.payload ->> 'job_type' = %(job_type)s

-- where_tag --
-- A key of an object, or an element of an array.
AND job.tags ? %(tag)s

-- where_created_after --
-- Ids are made within minutes of created_at: they lead to the place in the index.
AND job.created_at >= %(created_after)s::timestamptz AND job.id >= %(first_id)s::bigint

-- where_created_before --
AND job.created_at < %(created_before)s::timestamptz AND job.id < %(last_id)s::bigint
