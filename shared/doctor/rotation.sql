-- under_none --
-- Keys that nobody can use: they name a secret that is not accepted.
SELECT count(*)::integer AS keys
FROM api_key
JOIN organization ON organization.org_id = api_key.org_id
WHERE api_key.hashed_under <> ALL(%(accepted)s::bytea[])
  AND api_key.revoked_at IS NULL
  AND organization.deleted_at IS NULL
  AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s);

-- under_another --
-- Keys that are good, or are so again when they or their organizations are switched on, and sealed values of any
-- age: each job and delivery may be sent again while it is kept.
SELECT (
           SELECT count(*)::integer
           FROM api_key
           JOIN organization ON organization.org_id = api_key.org_id
           WHERE api_key.hashed_under IS DISTINCT FROM %(secret_id)s::bytea
             AND api_key.revoked_at IS NULL
             AND organization.deleted_at IS NULL
             AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s)
       ) AS keys,
       (
           SELECT count(*)::integer FROM (
               SELECT FROM webhook WHERE substring(webhook.sealed_secret FROM 1 FOR 9) <> %(head)s::bytea
               UNION ALL
               SELECT FROM webhook WHERE substring(webhook.previous_sealed_secret FROM 1 FOR 9) <> %(head)s::bytea
               UNION ALL
               SELECT FROM webhook_delivery
               WHERE webhook_delivery.sealed_secret IS NOT NULL
                 AND substring(webhook_delivery.sealed_secret FROM 1 FOR 9) <> %(head)s::bytea
               UNION ALL
               SELECT FROM job
               WHERE job.completion_webhook_secret IS NOT NULL
                 AND substring(job.completion_webhook_secret FROM 1 FOR 9) <> %(head)s::bytea
               UNION ALL
               SELECT FROM job_archive
               WHERE job_archive.completion_webhook_secret IS NOT NULL
                 AND substring(job_archive.completion_webhook_secret FROM 1 FOR 9) <> %(head)s::bytea
           ) AS other
       ) AS sealed;
