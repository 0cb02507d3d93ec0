-- organizations --
SELECT plan_tier, count(org_id) AS count,
       count(*) FILTER (WHERE created_at >= %(today)s) AS created_today,
       count(*) FILTER (WHERE created_at >= %(monday)s) AS created_this_week
FROM organization
WHERE deleted_at IS NULL
GROUP BY plan_tier;

-- jobs --
-- The last day is read organization by organization: the archive's index by time begins with it.
SELECT live.*, recent.*
FROM (
    SELECT count(*) AS total_active,
           count(*) FILTER (WHERE state = 'pending') AS pending,
           count(*) FILTER (WHERE state = 'processing') AS processing,
           count(DISTINCT (org_id, worker_id)) FILTER (WHERE state = 'processing') AS workers,
           count(DISTINCT (org_id, worker_id)) FILTER (WHERE state = 'processing' AND leased_until > %(now)s)
               AS healthy_workers
    FROM job
) AS live
CROSS JOIN (
    SELECT coalesce(sum(day.completed), 0)::bigint AS completed_24h,
           coalesce(sum(day.failed), 0)::bigint AS failed_24h
    FROM organization
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state = 'completed') AS completed,
               count(*) FILTER (WHERE state IN ('failed', 'deadletter')) AS failed
        FROM job_archive
        WHERE job_archive.org_id = organization.org_id AND finished_at > %(day_ago)s
    ) AS day
) AS recent;
