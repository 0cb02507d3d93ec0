-- Whether this very transaction settled the job. Not inlined on purpose: a claim that follows nothing must not
-- open the archive's partitions, nor be planned anew when one of them is made or dropped.
CREATE FUNCTION is_settled_here(of_org bigint, job_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM job_archive AS settled
        WHERE settled.org_id = of_org AND settled.id = job_id AND settled.xmin = pg_current_xact_id()::xid
    );
END
$$;
