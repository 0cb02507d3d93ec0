-- waits --
-- How long a statement of the service has waited for a lock that a migration holds or stands in line for.
SELECT extract(epoch FROM max(clock_timestamp() - waiting.waitstart)) * 1000 AS ms
FROM pg_locks AS waiting
JOIN pg_stat_activity AS waiter ON waiter.pid = waiting.pid AND waiter.application_name <> 'spooled-migrate'
WHERE NOT waiting.granted AND waiting.waitstart IS NOT NULL
  AND EXISTS (
      SELECT FROM pg_stat_activity AS migrating
      WHERE migrating.application_name = 'spooled-migrate' AND migrating.pid = ANY(pg_blocking_pids(waiting.pid))
  );

-- held --
-- What a migration holds that keeps others from reading or writing a table that was there before.
SELECT held.relation::regclass::text AS name
FROM pg_locks AS held
JOIN pg_stat_activity AS migrating ON migrating.pid = held.pid AND migrating.application_name = 'spooled-migrate'
WHERE held.granted AND held.locktype = 'relation' AND held.relation = ANY(%(tables)s::oid[])
  AND held.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');

-- tables --
SELECT coalesce(array_agg(oid), '{}') AS oids
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'schema_migration';
