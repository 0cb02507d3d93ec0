-- usage hot --
-- Unfinished jobs stand in a small table of their own; those of the day are a range of ids, which lies in the
-- newest partitions of the archive.
SELECT organization.plan_tier, organization.custom_limits,
       (SELECT count(*) FROM job WHERE job.org_id = organization.org_id AND job.id >= since.id)
           + (SELECT count(*) FROM job_archive
              WHERE job_archive.org_id = organization.org_id AND job_archive.id >= since.id) AS jobs_today,
       (SELECT count(*) FROM job WHERE job.org_id = organization.org_id) AS active_jobs,
       (SELECT count(*) FROM queue WHERE queue.org_id = organization.org_id) AS queues,
       (SELECT count(*) FROM api_key WHERE api_key.org_id = organization.org_id AND api_key.is_active) AS api_keys,
       count_rows('worker', organization.org_id) AS workers,
       count_rows('schedule', organization.org_id) AS schedules,
       count_rows('workflow', organization.org_id) AS workflows,
       count_rows('webhook', organization.org_id) AS webhooks
FROM organization
CROSS JOIN LATERAL (
    SELECT greatest(
        %(day_start)s::bigint,
        (extract(epoch FROM organization.usage_reset_at) * 1000)::bigint << 20
    ) AS id
) AS since
WHERE organization.org_id = %(org_id)s;
