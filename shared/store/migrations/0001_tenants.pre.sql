-- Roles, ids, organizations and API keys.

-- Two roles that a login takes for the length of a transaction. `spooled_app` sees the organization
-- named by the setting spooled.org_id; `spooled_system` (timers, sign-in, administration) sees all.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['spooled_app', 'spooled_system'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server was migrated at the same moment
        END;
        BEGIN
            PERFORM set_config('role', role_name, true);
        EXCEPTION WHEN insufficient_privilege THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
        END;
        PERFORM set_config('role', 'none', true);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
    END LOOP;
END
$$;

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO spooled_app, spooled_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO spooled_app, spooled_system;

-- The organization of this transaction, 0 when none was named.
CREATE FUNCTION current_org() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('spooled.org_id', true), ''), '0')::bigint;

-- Milliseconds since 1970 in the high bits, a sequence in the low 20: ids sort by time.
CREATE SEQUENCE id_sequence MINVALUE 0 MAXVALUE 1048575 CYCLE;
CREATE FUNCTION next_id() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
RETURN ((extract(epoch FROM clock_timestamp()) * 1000)::bigint << 20) | nextval('id_sequence');

-- The two walls of a tenant table: the policy of the application's role and that of the system's.
CREATE PROCEDURE protect_tenant_table(table_name regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format(
        'CREATE POLICY tenant ON %s TO spooled_app USING (org_id = current_org()) WITH CHECK (org_id = current_org())',
        table_name
    );
    EXECUTE format('CREATE POLICY system ON %s TO spooled_system USING (true) WITH CHECK (true)', table_name);
END
$$;

CREATE TABLE organization (
    org_id bigint PRIMARY KEY DEFAULT next_id(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug text NOT NULL CONSTRAINT organization_slug_unique UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,100}$'),
    plan_tier text NOT NULL CHECK (plan_tier IN ('free', 'starter', 'pro', 'enterprise')),
    billing_email text,
    description text,
    logo_url text,
    settings jsonb NOT NULL DEFAULT '{}',
    custom_limits jsonb,
    is_active boolean NOT NULL DEFAULT true,
    -- The one key without a credential was made, or the organization was used: there is no other such key.
    first_key_taken boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CALL protect_tenant_table('organization');

CREATE TABLE api_key (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    name text NOT NULL,
    -- HMAC-SHA-256 of the key under the server's secret; the key itself is not kept.
    key_hash bytea NOT NULL CONSTRAINT api_key_hash_unique UNIQUE,
    key_prefix text NOT NULL,
    permissions text[],
    queues text[] NOT NULL DEFAULT '{}',
    rate_limit integer,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    last_used timestamptz,
    expires_at timestamptz,
    PRIMARY KEY (org_id, id)
);
CALL protect_tenant_table('api_key');
