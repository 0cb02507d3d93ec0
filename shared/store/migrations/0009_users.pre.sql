-- People: who they are, which organizations they belong to, and the proofs of their address.

-- A table of people spans organizations: the role that requests of one organization run in does not see it.
CREATE PROCEDURE protect_people_table(table_name regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format('CREATE POLICY system ON %s TO spooled_system USING (true) WITH CHECK (true)', table_name);
    EXECUTE format('REVOKE ALL ON %s FROM spooled_app', table_name);
END
$$;

CREATE TABLE app_user (
    id bigint PRIMARY KEY DEFAULT next_id(),
    -- In lower case: one person, however the address is typed.
    email text NOT NULL CONSTRAINT app_user_email_unique UNIQUE CHECK (email = lower(email)),
    created_at timestamptz NOT NULL
);
CALL protect_people_table('app_user');

CREATE TABLE membership (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    user_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    -- A user; NULL when an API key did it, and for who made the organization.
    invited_by bigint,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX membership_of_user ON membership (user_id);
CALL protect_tenant_table('membership');

-- The one pending code of an address. The row outlives its code: it counts what was sent.
CREATE TABLE email_code (
    email text PRIMARY KEY,
    -- HMAC-SHA-256 under the server's secret; NULL once used.
    code_hash bytea,
    attempts integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    -- The latest five, the newest first.
    sent_at timestamptz[] NOT NULL
);
CREATE INDEX email_code_expiring ON email_code (expires_at);
CALL protect_people_table('email_code');

-- An address that was proven, and whose person has no organization yet.
CREATE TABLE signup_token (
    email text PRIMARY KEY,
    token_hash bytea NOT NULL CONSTRAINT signup_token_hash_unique UNIQUE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX signup_token_expiring ON signup_token (expires_at);
CALL protect_people_table('signup_token');
