-- Limits of plans: the running total of an organization's jobs of the day, kept where a plan limits them.

CREATE TABLE jobs_of_day (
    org_id bigint PRIMARY KEY REFERENCES organization ON DELETE CASCADE,
    -- The first id of the day, or of the reset; another one begins the count anew.
    since_id bigint NOT NULL,
    jobs bigint NOT NULL
) WITH (fillfactor = 50);
CALL protect_tenant_table('jobs_of_day');

-- A plan without the limit keeps no total, so what there is does not hold for the next plan.
CREATE FUNCTION forget_jobs_of_day() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM jobs_of_day WHERE jobs_of_day.org_id = NEW.org_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_changed AFTER UPDATE OF plan_tier, custom_limits ON organization
    FOR EACH ROW
    WHEN ((OLD.plan_tier, OLD.custom_limits) IS DISTINCT FROM (NEW.plan_tier, NEW.custom_limits))
    EXECUTE FUNCTION forget_jobs_of_day();

CREATE INDEX workflow_unfinished ON workflow (org_id) WHERE completed_at IS NULL;
