-- page_of_jobs --
-- A page of what names no secret, or another one than that of now, by how it begins: an index has them in this
-- order. Jobs bring theirs along from one table to the next.
SELECT job.org_id, job.id, job.completion_webhook_secret AS sealed
FROM job
WHERE job.completion_webhook_secret IS NOT NULL
  AND (substring(job.completion_webhook_secret FROM 1 FOR 9), job.org_id, job.id)
      > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring(job.completion_webhook_secret FROM 1 FOR 9) < %(below)s::bytea
ORDER BY substring(job.completion_webhook_secret FROM 1 FOR 9), job.org_id, job.id
LIMIT %(limit)s;

-- reseal_jobs --
-- Nothing where somebody set another secret meanwhile.
UPDATE job SET completion_webhook_secret = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE job.org_id = anew.org_id AND job.id = anew.id AND job.completion_webhook_secret = anew.known
RETURNING job.id;

-- page_of_webhooks --
-- As of jobs.
SELECT webhook.org_id, webhook.id, webhook.sealed_secret AS sealed
FROM webhook
WHERE webhook.sealed_secret IS NOT NULL
  AND (substring(webhook.sealed_secret FROM 1 FOR 9), webhook.org_id, webhook.id)
      > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring(webhook.sealed_secret FROM 1 FOR 9) < %(below)s::bytea
ORDER BY substring(webhook.sealed_secret FROM 1 FOR 9), webhook.org_id, webhook.id
LIMIT %(limit)s;

-- reseal_webhooks --
-- As of jobs.
UPDATE webhook SET sealed_secret = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE webhook.org_id = anew.org_id AND webhook.id = anew.id AND webhook.sealed_secret = anew.known
RETURNING webhook.id;

-- page_of_previous --
-- As of jobs.
SELECT webhook.org_id, webhook.id, webhook.previous_sealed_secret AS sealed
FROM webhook
WHERE webhook.previous_sealed_secret IS NOT NULL
  AND (substring(webhook.previous_sealed_secret FROM 1 FOR 9), webhook.org_id, webhook.id)
      > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring(webhook.previous_sealed_secret FROM 1 FOR 9) < %(below)s::bytea
ORDER BY substring(webhook.previous_sealed_secret FROM 1 FOR 9), webhook.org_id, webhook.id
LIMIT %(limit)s;

-- reseal_previous --
-- As of jobs.
UPDATE webhook SET previous_sealed_secret = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE webhook.org_id = anew.org_id AND webhook.id = anew.id AND webhook.previous_sealed_secret = anew.known
RETURNING webhook.id;

-- page_of_deliveries --
-- As of jobs.
SELECT webhook_delivery.org_id, webhook_delivery.id, webhook_delivery.sealed_secret AS sealed
FROM webhook_delivery
WHERE webhook_delivery.sealed_secret IS NOT NULL
  AND (substring(webhook_delivery.sealed_secret FROM 1 FOR 9), webhook_delivery.org_id, webhook_delivery.id)
      > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring(webhook_delivery.sealed_secret FROM 1 FOR 9) < %(below)s::bytea
ORDER BY substring(webhook_delivery.sealed_secret FROM 1 FOR 9), webhook_delivery.org_id, webhook_delivery.id
LIMIT %(limit)s;

-- reseal_deliveries --
-- As of jobs.
UPDATE webhook_delivery SET sealed_secret = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE webhook_delivery.org_id = anew.org_id AND webhook_delivery.id = anew.id AND webhook_delivery.sealed_secret = anew.known
RETURNING webhook_delivery.id;

-- page_of_finished_jobs --
-- As of jobs. What has just ended is left for the next run: the count of finished jobs looks at it for a while
-- yet, and would count a row that was changed twice.
SELECT job_archive.org_id, job_archive.id, job_archive.completion_webhook_secret AS sealed
FROM job_archive
WHERE job_archive.completion_webhook_secret IS NOT NULL
  AND (substring(job_archive.completion_webhook_secret FROM 1 FOR 9), job_archive.org_id, job_archive.id)
      > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring(job_archive.completion_webhook_secret FROM 1 FOR 9) < %(below)s::bytea
  AND job_archive.finished_at < %(now)s::timestamptz - interval '1 hour'
ORDER BY substring(job_archive.completion_webhook_secret FROM 1 FOR 9), job_archive.org_id, job_archive.id
LIMIT %(limit)s;

-- reseal_finished_jobs --
-- As of jobs.
UPDATE job_archive SET completion_webhook_secret = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE job_archive.org_id = anew.org_id AND job_archive.id = anew.id AND job_archive.completion_webhook_secret = anew.known
RETURNING job_archive.id;
