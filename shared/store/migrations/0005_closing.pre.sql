-- Revoked keys and deleted organizations.

-- A revoked key stays to be seen and never works again; one that is only inactive may be switched on.
ALTER TABLE api_key ADD COLUMN revoked_at timestamptz;

-- Closed for its people from this instant; its rows go in batches, its own row last.
ALTER TABLE organization ADD COLUMN deleted_at timestamptz;
CREATE INDEX organization_deleted ON organization (org_id) WHERE deleted_at IS NOT NULL;

-- Deletes up to `batch` rows of an organization from each table that has an org_id, those that later
-- migrations add too, and returns how many it deleted. Runs with its caller's rights.
CREATE FUNCTION purge_organization(doomed bigint, batch integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    holding regclass;
    deleted bigint;
    total bigint := 0;
BEGIN
    FOR holding IN
        SELECT pg_class.oid
        FROM pg_class
        JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attname = 'org_id'
        WHERE pg_class.relnamespace = 'public'::regnamespace AND pg_class.relkind = 'r'
          AND pg_class.relname <> 'organization'
        ORDER BY pg_class.oid DESC
    LOOP
        BEGIN
            EXECUTE format(
                'DELETE FROM %1$s WHERE ctid = ANY(ARRAY(SELECT ctid FROM %1$s WHERE org_id = $1 LIMIT $2))',
                holding
            ) USING doomed, batch;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            total := total + deleted;
        EXCEPTION
            -- Rows that others refer to go after those; a partition that was dropped meanwhile is empty enough.
            WHEN foreign_key_violation OR undefined_table THEN NULL;
        END;
    END LOOP;
    RETURN total;
END
$$;
