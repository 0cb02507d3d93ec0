-- traces_of_jobs hot --
-- A job lies in one of the two, or has been removed meanwhile. Each id names its partition of the archive.
SELECT named.org_id, named.id, job.trace
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[]) AS named(org_id, id)
JOIN job ON job.org_id = named.org_id AND job.id = named.id
WHERE job.trace IS NOT NULL
UNION ALL
SELECT named.org_id, named.id, job_archive.trace
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[]) AS named(org_id, id)
JOIN job_archive ON job_archive.org_id = named.org_id AND job_archive.id = named.id
WHERE job_archive.trace IS NOT NULL;
