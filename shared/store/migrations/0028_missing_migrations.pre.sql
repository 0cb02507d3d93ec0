-- What a process asks before it says that it is ready: which of the migrations it knows have not run here. Its role
-- does not see the list of those that ran.
CREATE FUNCTION missing_migrations(known text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(asked.name ORDER BY asked.name), '{}')
    FROM unnest(known) AS asked(name)
    WHERE NOT EXISTS (SELECT FROM schema_migration AS ran WHERE ran.name = asked.name)
$$;

REVOKE EXECUTE ON FUNCTION missing_migrations(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION missing_migrations(text[]) TO spooled_system;
