-- organizations hot --
SELECT plan_tier, count(org_id) AS count,
       count(*) FILTER (WHERE created_at >= %(today)s) AS created_today,
       count(*) FILTER (WHERE created_at >= %(monday)s) AS created_this_week
FROM organization
WHERE deleted_at IS NULL
GROUP BY plan_tier;

-- jobs hot --
-- The last day is summed organization by organization: every index begins with it.
SELECT live.unfinished AS total_active, live.pending, live.processing, recent.*
FROM (
    {{unfinished}}
) AS live
CROSS JOIN (
    SELECT coalesce(sum(day.completed), 0)::bigint AS completed_24h,
           coalesce(sum(day.failed), 0)::bigint AS failed_24h
    FROM organization
    LEFT JOIN job_total_mark AS mark ON mark.org_id = organization.org_id
    CROSS JOIN LATERAL (
        {{finished}}
    ) AS day
) AS recent;
