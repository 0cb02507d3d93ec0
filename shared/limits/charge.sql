-- lock_plan --
-- Changes that use up the plan of one organization are counted one after the other, and the next statement sees
-- what the others wrote before they let go.
SELECT organization.org_id FROM organization WHERE organization.org_id = %(org_id)s FOR NO KEY UPDATE;

-- note_jobs --
-- The total of the day begins with what there was before it was kept, or before a reset, and then only grows.
INSERT INTO jobs_of_day AS known (org_id, since_id, jobs)
SELECT organization.org_id, since.id, greatest({{jobs_today}}, %(made)s::bigint)
FROM organization
{{since}}
WHERE organization.org_id = %(org_id)s
ON CONFLICT (org_id) DO UPDATE SET
    since_id = excluded.since_id,
    jobs = CASE WHEN known.since_id = excluded.since_id THEN known.jobs + %(made)s ELSE excluded.jobs END;

-- count --
SELECT {{figures}}
FROM organization
{{since}}
WHERE organization.org_id = %(org_id)s;
