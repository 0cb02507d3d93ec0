-- queue_stats hot --
SELECT live.pending, live.scheduled, live.processing, recent.*, {{of_queue}},
       (SELECT count(DISTINCT job.worker_id) FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(name)s AND job.state = 'processing') AS workers
FROM (
    {{unfinished}}
) AS live
CROSS JOIN (
    SELECT {{sums}},
           sum(finished.processing_ms) / nullif(sum(finished.completed), 0)::double precision AS average_ms
    FROM (
        {{finished}}
    ) AS finished
) AS recent;

-- stats_of_queues hot --
-- Of all queues that somebody sees, in their order.
SELECT asked.queue, live.pending, live.scheduled, live.processing, recent.*, {{of_asked}}
FROM unnest(%(queues)s::text[]) WITH ORDINALITY AS asked(queue, place)
CROSS JOIN LATERAL (
    {{unfinished_of_asked}}
) AS live
CROSS JOIN LATERAL (
    SELECT {{sums}}
    FROM (
        {{finished_of_asked}}
    ) AS finished
) AS recent
ORDER BY asked.place;

-- figures_of_queues hot --
-- Of many queues at once, in their order.
SELECT wanted.queue AS queue_name, live.pending, live.scheduled, live.processing, recent.*
FROM (
    SELECT asked.org_id, asked.queue, asked.place,
           (SELECT coalesce(max(mark.counted_until), '-infinity') FROM job_total_mark AS mark
            WHERE mark.org_id = asked.org_id) AS mark
    FROM unnest(%(org_ids)s::bigint[], %(queues)s::text[]) WITH ORDINALITY AS asked(org_id, queue, place)
) AS wanted
CROSS JOIN LATERAL (
    {{unfinished_of_each}}
) AS live
CROSS JOIN LATERAL (
    SELECT {{sums}}
    FROM (
        {{finished_of_each}}
    ) AS finished
) AS recent
ORDER BY wanted.place;

-- sums --
coalesce(sum(finished.completed), 0)::bigint AS completed,
coalesce(sum(finished.failed), 0)::bigint AS failed;

-- of_queue --
-- Dead letters have an index of their own. The oldest job is the one with the first id, since ids sort by time.
(SELECT job.created_at FROM job WHERE job.org_id = %(org_id)s AND job.id = live.oldest_id) AS oldest_created_at,
(SELECT count(*) FROM job_archive
 WHERE job_archive.org_id = %(org_id)s AND job_archive.queue = {{queue}}
   AND job_archive.state = 'deadletter') AS deadletter;
