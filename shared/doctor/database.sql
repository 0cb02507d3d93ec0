-- server --
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
       pg_is_in_recovery() AS only_reads;

-- connections --
-- Of all databases of the server: they share its limit.
SELECT (SELECT sum(pg_stat_database.numbackends) FROM pg_stat_database)::integer AS used,
       current_setting('max_connections')::integer
           - current_setting('superuser_reserved_connections')::integer
           - coalesce(current_setting('reserved_connections', true)::integer, 0) AS allowed;

-- oldest_transactions --
-- What keeps vacuum from cleaning up, the oldest first. Others' transactions show only to who may see them.
SELECT holder.kind, holder.name, holder.age_seconds, holder.age_transactions
FROM (
    SELECT coalesce(pg_stat_activity.state, 'session') AS kind, pg_stat_activity.pid::text AS name,
           extract(epoch FROM clock_timestamp() - pg_stat_activity.xact_start)::double precision AS age_seconds,
           greatest(age(pg_stat_activity.backend_xmin), age(pg_stat_activity.backend_xid)) AS age_transactions
    FROM pg_stat_activity
    WHERE pg_stat_activity.pid <> pg_backend_pid() AND pg_stat_activity.xact_start IS NOT NULL
      AND pg_stat_activity.backend_type = 'client backend'
    UNION ALL
    SELECT 'replication slot', pg_replication_slots.slot_name, NULL,
           greatest(age(pg_replication_slots.xmin), age(pg_replication_slots.catalog_xmin))
    FROM pg_replication_slots
    UNION ALL
    SELECT 'prepared transaction', pg_prepared_xacts.gid,
           extract(epoch FROM clock_timestamp() - pg_prepared_xacts.prepared)::double precision,
           age(pg_prepared_xacts.transaction)
    FROM pg_prepared_xacts
) AS holder
ORDER BY holder.age_seconds DESC NULLS LAST, holder.age_transactions DESC NULLS LAST
LIMIT 5;

-- job_table --
SELECT pg_stat_user_tables.n_live_tup AS live, pg_stat_user_tables.n_dead_tup AS dead,
       pg_total_relation_size(pg_stat_user_tables.relid) AS bytes,
       coalesce(pg_stat_user_tables.last_autovacuum, pg_stat_user_tables.last_vacuum) AS vacuumed_at
FROM pg_stat_user_tables
WHERE pg_stat_user_tables.relname = 'job' AND pg_stat_user_tables.schemaname = 'public';

-- transaction_ids --
SELECT age(pg_database.datfrozenxid) AS used
FROM pg_database
WHERE pg_database.datname = current_database();

-- growth --
-- The archive by day: what the last seven whole days have added.
SELECT pg_database_size(current_database()) AS bytes, count(*)::integer AS days,
       coalesce(sum(pg_total_relation_size(recent.oid)), 0)::bigint AS recent_bytes
FROM (
    SELECT pg_class.oid
    FROM pg_inherits
    JOIN pg_class ON pg_class.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = 'job_archive'::regclass
      AND pg_class.relname BETWEEN 'job_archive_' || to_char(%(today)s::date - 7, 'YYYYMMDD')
                               AND 'job_archive_' || to_char(%(today)s::date - 1, 'YYYYMMDD')
) AS recent;

-- missing_partitions --
SELECT to_char(wanted.day, 'YYYY-MM-DD') AS day
FROM generate_series(%(today)s::date, %(today)s::date + 1, interval '1 day') AS wanted(day)
WHERE to_regclass('job_archive_' || to_char(wanted.day, 'YYYYMMDD')) IS NULL
ORDER BY wanted.day;
