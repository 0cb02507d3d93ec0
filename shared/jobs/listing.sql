-- list_jobs hot --
-- Each branch reads an index from one end and stops after a page; ids sort by time. Conditions are added
-- only when asked for, since `(parameter IS NULL OR ...)` would keep a generic plan off the index, and a
-- status is a branch with the status as a literal, since only that opens a partial index.
SELECT * FROM ({{branches}}) AS page
ORDER BY {{order}}
LIMIT %(limit)s OFFSET %(offset)s;

-- where_after_descending --
AND job.id < %(after)s::bigint

-- where_after_ascending --
AND job.id > %(after)s::bigint

-- where_after_in_queue_descending --
-- As one row, so that the index by queue and id is entered where the last page ended; and the id once more,
-- since only that leaves partitions of the archive out.
AND (job.queue, job.id) < (%(queue)s, %(after)s::bigint) AND job.id < %(after)s::bigint

-- where_after_in_queue_ascending --
AND (job.queue, job.id) > (%(queue)s, %(after)s::bigint) AND job.id > %(after)s::bigint

-- branch_live hot --
-- What is read of a payload is read for the page alone: a payload of some size lies beside its row, and an order
-- without an index looks at each job.
(
    SELECT {{columns}}, job.payload ->> 'job_type' AS job_type, job.result, job.finished_at
    FROM (
        SELECT *, NULL::json AS result, NULL::timestamptz AS finished_at FROM job
        WHERE job.org_id = %(org_id)s
        {{conditions}}
        ORDER BY {{order}}
        LIMIT %(need)s
    ) AS job
)

-- branch_settled hot --
(
    SELECT {{columns}}, job.payload ->> 'job_type' AS job_type, job.result, job.finished_at
    FROM (
        SELECT * FROM job_archive AS job
        WHERE job.org_id = %(org_id)s
        {{conditions}}
        ORDER BY {{order}}
        LIMIT %(need)s
    ) AS job
)
