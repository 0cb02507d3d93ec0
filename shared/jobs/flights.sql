-- still_held hot --
-- Of the jobs that streams of this process gave out those that are held under the same lease. One statement
-- for all streams, about once a second; each job is one probe of the primary key. Without the LIMIT the planner
-- may take all running jobs of all organizations instead and compare each with each.
SELECT flight.place
FROM unnest(%(org_ids)s::bigint[], %(job_ids)s::bigint[], %(lease_ids)s::bigint[])
    WITH ORDINALITY AS flight(org_id, job_id, lease_id, place)
CROSS JOIN LATERAL (
    SELECT FROM job
    WHERE job.org_id = flight.org_id AND job.id = flight.job_id AND job.state = 'processing'
      AND job.lease_id = flight.lease_id AND job.leased_until > %(now)s::timestamptz
    LIMIT 1
) AS held;
