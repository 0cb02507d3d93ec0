-- migrations --
SELECT schema_migration.name, schema_migration.digest FROM schema_migration;

-- roles --
-- Whom the two roles, and the login that takes them, could pass for.
SELECT pg_roles.rolname AS name, pg_roles.rolname = session_user AS is_login,
       pg_roles.rolsuper OR pg_roles.rolbypassrls AS passes_walls,
       EXISTS (
           SELECT FROM pg_class
           WHERE pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind IN ('r', 'p')
             AND pg_has_role(pg_roles.oid, pg_class.relowner, 'MEMBER')
       ) AS owns,
       pg_has_role(session_user, pg_roles.oid, 'MEMBER') AS may_be_taken
FROM pg_roles
WHERE pg_roles.rolname IN ('spooled_app', 'spooled_system', session_user);

-- open_tables --
-- Tables with organizations' rows whose owner, or anybody, is not held by a policy.
SELECT pg_class.relname AS name
FROM pg_class
JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attname = 'org_id'
WHERE pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind IN ('r', 'p')
  AND NOT pg_attribute.attisdropped
  AND NOT (
      pg_class.relrowsecurity AND pg_class.relforcerowsecurity
      AND EXISTS (SELECT FROM pg_policy WHERE pg_policy.polrelid = pg_class.oid)
  )
ORDER BY pg_class.relname;
