-- Partitions are made and dropped without holding up anybody: claims and settles stand in line behind who waits
-- for a lock on the archive, and behind who works under one.

-- Whether a job in a partition finished at that instant or later. One index probe for each organization in it
-- (PostgreSQL 18 would skip by itself, 15 to 17 would not); a look at each job would take seconds.
CREATE FUNCTION archive_partition_is_needed(partition_name text, kept_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    is_needed boolean;
BEGIN
    EXECUTE format(
        'WITH RECURSIVE tenant AS (
            (SELECT org_id FROM %1$I ORDER BY org_id LIMIT 1)
            UNION ALL
            SELECT (
                SELECT next.org_id FROM %1$I AS next
                WHERE next.org_id > tenant.org_id
                ORDER BY next.org_id
                LIMIT 1
            )
            FROM tenant
            WHERE tenant.org_id IS NOT NULL
        )
        SELECT EXISTS (
            SELECT FROM tenant
            CROSS JOIN LATERAL (
                SELECT FROM %1$I AS kept
                WHERE kept.org_id = tenant.org_id AND kept.finished_at >= $1
                LIMIT 1
            ) AS kept
        )',
        partition_name
    ) INTO is_needed USING kept_since;
    RETURN is_needed;
END
$$;

-- Drops the partition of one day once no job in it finished later than `kept_since`; false when it is still
-- needed, or the archive is busy for longer than others should wait: the next run tries again.
CREATE OR REPLACE FUNCTION drop_archive_partition(day date, kept_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    partition_name text := format('job_archive_%s', to_char(day, 'YYYYMMDD'));
BEGIN
    -- Timers wait for each other here, where nobody else stands in line.
    PERFORM pg_advisory_xact_lock(7241093155403);
    PERFORM set_config('lock_timeout', '100ms', true);
    IF to_regclass(partition_name) IS NULL OR archive_partition_is_needed(partition_name, kept_since) THEN
        RETURN false;
    END IF;
    -- The archive first, as everybody takes them: the other way round is a deadlock with who reads it.
    LOCK TABLE ONLY job_archive IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', partition_name);
    -- Asked again: a late job may have come.
    IF archive_partition_is_needed(partition_name, kept_since) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', partition_name);
    RETURN true;
EXCEPTION
    WHEN undefined_table OR lock_not_available THEN RETURN false;
END
$$;

ALTER FUNCTION ensure_archive_partition(date) SET lock_timeout = '100ms';

REVOKE EXECUTE ON FUNCTION archive_partition_is_needed(text, timestamptz) FROM PUBLIC;
