-- Until when each of the server's secrets was the one that tokens are signed with: as long as these last, it is needed.
CREATE TABLE signing_secret (
    -- Its name, which tells nothing else of it.
    id bytea PRIMARY KEY,
    signed_until timestamptz NOT NULL
);
-- Of the service, not of an organization: the role that requests of one run in does not see it.
ALTER TABLE signing_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_secret FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON signing_secret TO spooled_system USING (true) WITH CHECK (true);
REVOKE ALL ON signing_secret FROM spooled_app;
