-- notes --
-- What ran, and with which text.
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY, digest text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now()
);

-- take_turn --
-- Not waited for: a statement that waits has a snapshot, and an index that is built beside the service waits for
-- all snapshots. Held to the end of the transaction, so that a pooler may stand between.
SELECT pg_try_advisory_xact_lock(7241093155402) AS is_ours,
       set_config('client_min_messages', 'warning', true),
       set_config('idle_in_transaction_session_timeout', '0', true);

-- patience --
-- All others stand in line behind who waits for a table.
SELECT set_config('lock_timeout', '300ms', true);

-- known --
SELECT schema_migration.digest FROM schema_migration WHERE schema_migration.name = %(name)s;

-- note --
INSERT INTO schema_migration (name, digest) VALUES (%(name)s, %(digest)s);

-- partitions --
-- What a new service finishes first finds the partition of its day; the retention timer makes the next.
SELECT ensure_archive_partition((now() AT TIME ZONE 'UTC')::date + ahead) FROM generate_series(0, 3) AS ahead;

-- broken_indexes --
-- What a run that was cut off left half-built of a migration: the indexes that its text names, and those of
-- partitions for them.
SELECT 'DROP INDEX CONCURRENTLY IF EXISTS ' || broken.indexrelid::regclass AS statement
FROM pg_index AS broken
JOIN pg_class AS named ON named.oid = broken.indexrelid
WHERE NOT broken.indisvalid AND named.relkind = 'i' AND named.relnamespace = 'public'::regnamespace
  AND EXISTS (
      SELECT FROM regexp_matches(%(text)s, 'INDEX (?:CONCURRENTLY )?IF NOT EXISTS (\w+)', 'g') AS made
      WHERE named.relname = made[1] OR right(named.relname, length(made[1]) + 1) = '_' || made[1]
  );

-- partition_indexes --
-- What an index of a partitioned table lacks: one on each partition, built beside the service and then joined.
SELECT 'CREATE INDEX CONCURRENTLY IF NOT EXISTS ' || own.name || ' ON ' || part.oid::regclass
           || substring(pg_get_indexdef(parent.oid) FROM ' USING .*$') AS build,
       'ALTER INDEX ' || parent.oid::regclass || ' ATTACH PARTITION ' || own.name AS attach
FROM pg_index AS whole
JOIN pg_class AS parent ON parent.oid = whole.indexrelid AND parent.relkind = 'I'
JOIN pg_inherits AS member ON member.inhparent = whole.indrelid
JOIN pg_class AS part ON part.oid = member.inhrelid
CROSS JOIN LATERAL (SELECT quote_ident(part.relname || '_' || parent.relname) AS name) AS own
WHERE NOT whole.indisvalid AND parent.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (
      SELECT FROM pg_index AS of_part
      JOIN pg_inherits AS joined ON joined.inhrelid = of_part.indexrelid AND joined.inhparent = parent.oid
      WHERE of_part.indrelid = part.oid
  )
ORDER BY part.relname, parent.relname;

-- open_transactions --
-- Who may hold what is waited for: the oldest first, without their statements, which may hold secrets.
SELECT pid, coalesce(nullif(application_name, ''), '?') AS application, round(extract(epoch FROM now() - xact_start)) AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
ORDER BY xact_start
LIMIT 3;
