-- job_stats hot --
-- Those that ended otherwise than well stand in an index of their own; completed ones were counted by the
-- timer, but for those since its last run.
SELECT live.pending, live.scheduled, live.processing, ended.failed, ended.deadletter, ended.cancelled,
       counted.completed + since.completed AS completed
FROM (
    {{unfinished}}
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
      AND finished_at >= {{mark}}
      -- No index by queue fits this: what is wanted are the last minutes, by time.
      AND (%(queues)s::text[] IS NULL OR queue || '' = ANY(%(queues)s::text[]))
) AS since;
