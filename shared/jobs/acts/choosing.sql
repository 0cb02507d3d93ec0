-- new_act_id --
SELECT next_id() AS id;

-- count_jobs hot --
-- Each status on its own, since only the literal state opens a partial index; counting ends at the cap.
SELECT counted.status, counted.jobs FROM ({{counts}}) AS counted;

-- count_of_status --
-- A fragment.
SELECT '{{status}}' AS status, count(*) AS jobs
FROM (
    SELECT FROM {{table}} AS job
    WHERE job.org_id = %(org_id)s AND job.id < %(act_id)s
    {{conditions}}
    LIMIT %(cap)s::bigint
) AS found

-- page_of_act hot --
-- The next jobs by their ids: what an earlier page changed is behind, whatever it is now.
SELECT page.id FROM ({{branches}}) AS page
ORDER BY page.id
LIMIT %(limit)s;

-- branch --
-- A fragment.
(
    SELECT job.id FROM {{table}} AS job
    WHERE job.org_id = %(org_id)s AND job.id < %(act_id)s
    {{conditions}}
    ORDER BY {{order}}
    LIMIT %(limit)s
)

-- where_died_before --
-- What died since the preview is not what was looked at.
AND job.finished_at <= %(previewed_at)s::timestamptz

-- where_after --
AND job.id > %(after)s::bigint

-- where_after_in_queue --
-- As one row, so that the index by queue and id is entered where the last page ended.
AND (job.queue, job.id) > (%(queue)s, %(after)s::bigint) AND job.queue <= %(queue)s
