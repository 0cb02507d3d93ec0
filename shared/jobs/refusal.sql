-- states_of_jobs hot --
-- Read after a settle was refused, to say why.
SELECT job.id, job.state, job.lease_id, job.leased_until, job.worker_id
FROM job
WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
UNION ALL
SELECT archived.id, archived.state, archived.lease_id, NULL, archived.worker_id
FROM job_archive AS archived
WHERE archived.org_id = %(org_id)s AND archived.id = ANY(%(ids)s::bigint[])
  AND (%(queues)s::text[] IS NULL OR archived.queue = ANY(%(queues)s::text[]));
