-- active_jobs --
-- These are fragments: what the API shows as used is what a plan is held against, counted in one way.
(SELECT count(*) FROM job WHERE job.org_id = organization.org_id)

-- jobs_today --
-- Where a plan has a limit the day is a running total; else its jobs are a range of ids, which lies in the
-- newest partitions of the archive.
coalesce(
    (SELECT jobs_of_day.jobs FROM jobs_of_day
     WHERE jobs_of_day.org_id = organization.org_id AND jobs_of_day.since_id = since.id),
    (SELECT count(*) FROM job WHERE job.org_id = organization.org_id AND job.id >= since.id)
        + (SELECT count(*) FROM job_archive
           WHERE job_archive.org_id = organization.org_id AND job_archive.id >= since.id)
)

-- queues --
(SELECT count(*) FROM queue WHERE queue.org_id = organization.org_id)

-- workers --
-- Those that were given up for silent are gone.
(SELECT count(*) FROM worker WHERE worker.org_id = organization.org_id)

-- api_keys --
-- Those that are good. One that has a good successor has given its place to it.
(
    SELECT count(*) FROM api_key
    WHERE api_key.org_id = organization.org_id AND api_key.is_active
      AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s::timestamptz)
      AND NOT EXISTS (
          SELECT FROM api_key AS successor
          WHERE successor.org_id = api_key.org_id AND successor.id = api_key.rotated_to AND successor.is_active
            AND (successor.expires_at IS NULL OR successor.expires_at > %(now)s::timestamptz)
      )
)

-- schedules --
-- Paused ones too: they may go on at any time.
(SELECT count(*) FROM schedule WHERE schedule.org_id = organization.org_id)

-- workflows --
-- Those that are not over.
(SELECT count(*) FROM workflow WHERE workflow.org_id = organization.org_id AND workflow.completed_at IS NULL)

-- webhooks --
-- Those that are switched on.
(SELECT count(*) FROM webhook WHERE webhook.org_id = organization.org_id AND webhook.enabled)

-- since --
-- Where the day begins, as an id: midnight, or later when the count was reset.
CROSS JOIN LATERAL (
    SELECT greatest(
        %(day_start)s::bigint, (extract(epoch FROM organization.usage_reset_at) * 1000)::bigint << 20
    ) AS id
) AS since;
