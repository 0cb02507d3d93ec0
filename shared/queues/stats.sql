-- queue_stats hot --
-- Dead letters have an index of their own. The oldest job is the one with the first id, since ids sort by time.
SELECT live.pending, live.scheduled, live.processing, recent.*,
       (SELECT count(DISTINCT job.worker_id) FROM job
        WHERE job.org_id = %(org_id)s AND job.queue = %(name)s AND job.state = 'processing') AS workers,
       (SELECT job.created_at FROM job WHERE job.org_id = %(org_id)s AND job.id = live.oldest_id)
           AS oldest_created_at,
       (SELECT count(*) FROM job_archive
        WHERE job_archive.org_id = %(org_id)s AND job_archive.queue = %(name)s
          AND job_archive.state = 'deadletter') AS deadletter
FROM (
    {{unfinished}}
) AS live
CROSS JOIN (
    SELECT coalesce(sum(finished.completed), 0)::bigint AS completed,
           coalesce(sum(finished.failed), 0)::bigint AS failed,
           sum(finished.processing_ms) / nullif(sum(finished.completed), 0)::double precision AS average_ms
    FROM (
        {{finished}}
    ) AS finished
) AS recent;
