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

-- held --
-- A fragment. What is given must be the job's, and a lapsed lease may be another worker's in the next instant.
-- Only what is processing has a lease: to name that state would offer the planner the index of all that are.
-- One holder is held to its instant and name, of several each to its own; `ids` ascend, so that a job's place is
-- found by halving.
job.leased_until > coalesce(
    (%(holders_at)s::timestamptz[])[width_bucket(job.id, %(ids)s::bigint[])], %(held_at)s::timestamptz
)
AND job.lease_id = coalesce((%(lease_ids)s::bigint[])[width_bucket(job.id, %(ids)s::bigint[])], job.lease_id)
AND job.worker_id = coalesce(
    (%(worker_ids)s::text[])[width_bucket(job.id, %(ids)s::bigint[])], %(worker_id)s::text, job.worker_id
)
AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]));

-- log --
-- A fragment. The oldest entry makes room, so that even endless releases keep the row small.
CASE WHEN jsonb_array_length(job.log) >= 100 THEN job.log - 0 ELSE job.log END;
