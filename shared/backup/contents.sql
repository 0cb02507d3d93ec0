-- tables --
-- How many rows each table has, as a statement that counts them. The tables' parts are counted, not their wholes.
SELECT pg_class.relname AS name, 'SELECT count(*) AS rows FROM ' || pg_class.oid::regclass AS statement
FROM pg_class
WHERE pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind = 'r'
ORDER BY pg_class.relname;

-- sequences --
SELECT pg_sequences.sequencename AS name, pg_sequences.last_value AS value, pg_sequences.cycle AS starts_again
FROM pg_sequences
WHERE pg_sequences.schemaname = 'public'
ORDER BY pg_sequences.sequencename;

-- server --
SELECT current_setting('server_version_num')::integer / 10000 AS version;

-- snapshot --
SELECT pg_export_snapshot() AS snapshot;

-- login --
-- Whether row-level security lets the login see all rows.
SELECT pg_roles.rolsuper OR pg_roles.rolbypassrls AS sees_all FROM pg_roles WHERE pg_roles.rolname = current_user;

-- hidden --
-- Tables of which the role that sees all organizations would see some rows only, or none.
SELECT pg_class.relname AS name
FROM pg_class
WHERE pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind IN ('r', 'p') AND pg_class.relrowsecurity
  AND (
      NOT EXISTS (
          SELECT FROM pg_policy
          WHERE pg_policy.polrelid = pg_class.oid AND pg_policy.polpermissive AND pg_policy.polcmd IN ('*', 'r')
            AND pg_policy.polroles && ARRAY[0, 'spooled_system'::regrole::oid]
            AND pg_get_expr(pg_policy.polqual, pg_policy.polrelid) = 'true'
      )
      OR EXISTS (SELECT FROM pg_policy WHERE pg_policy.polrelid = pg_class.oid AND NOT pg_policy.polpermissive)
  )
ORDER BY pg_class.relname;

-- role --
-- The role that sees all rows and changes none, made by the owner of the tables where it is missing. With it those
-- that the tables' rights name, which a dump does not have.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['spooled_app', 'spooled_system', 'spooled_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
        BEGIN
            PERFORM set_config('role', role_name, true);
        EXCEPTION WHEN insufficient_privilege THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
        END;
        PERFORM set_config('role', 'none', true);
    END LOOP;
    IF NOT pg_has_role('spooled_backup', 'spooled_system', 'USAGE') THEN
        GRANT spooled_system TO spooled_backup;
    END IF;
END
$$;

-- rights --
-- What that role does not have as one of the service's.
DO $$
BEGIN
    GRANT SELECT ON schema_migration TO spooled_backup;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO spooled_backup;
END
$$;

-- be_it --
SELECT set_config('role', 'spooled_backup', false);
