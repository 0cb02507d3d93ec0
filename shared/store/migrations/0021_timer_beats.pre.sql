-- When each timer ran last. A timer that is renamed or given up takes its row with it, in a migration: what is
-- left here is expected to run.
CREATE TABLE timer_beat (
    name text PRIMARY KEY,
    every_seconds integer NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    -- The latest run that did not fail; for a timer that never had one, when it was first tried.
    succeeded_at timestamptz NOT NULL,
    -- Of the latest run, NULL when it did not fail.
    error text
) WITH (fillfactor = 50);
-- Of the service, not of an organization: the role that requests of one run in does not see it.
ALTER TABLE timer_beat ENABLE ROW LEVEL SECURITY;
ALTER TABLE timer_beat FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON timer_beat TO spooled_system USING (true) WITH CHECK (true);
REVOKE ALL ON timer_beat FROM spooled_app;
