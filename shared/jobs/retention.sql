-- make_partitions --
SELECT made.name
FROM (
    SELECT ensure_archive_partition(%(today)s::date + ahead) AS name
    FROM generate_series(0, %(ahead)s::integer) AS ahead
) AS made
WHERE made.name IS NOT NULL;

-- old_partitions --
-- Day partitions only: the rest has no day.
SELECT to_date(right(partition.relname, 8), 'YYYYMMDD') AS day
FROM pg_inherits
JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent = 'job_archive'::regclass
  AND partition.relname ~ '^job_archive_[0-9]{8}$'
  AND to_date(right(partition.relname, 8), 'YYYYMMDD') < %(before)s::date
ORDER BY day;

-- drop_partition --
SELECT drop_archive_partition(%(day)s::date, %(kept_since)s::timestamptz) AS dropped;

-- delete_old_idempotency_keys hot --
-- Never waits for a lock, so it cannot stand in a ring with requests that take several keys.
DELETE FROM idempotency_key
USING (
    SELECT old.org_id, old.key FROM idempotency_key AS old
    WHERE old.expires_at <= %(now)s::timestamptz
    ORDER BY old.expires_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE idempotency_key.org_id = old.org_id AND idempotency_key.key = old.key
RETURNING 1;

-- page_of_organizations --
-- A fragment. How many days each keeps its things: its own limit, or that of its plan. Of all organizations, or of
-- those that had more to delete than one step does.
SELECT organization.org_id,
       coalesce(
           CASE WHEN jsonb_typeof(organization.custom_limits -> %(limit_name)s::text) = 'number'
                THEN (organization.custom_limits ->> %(limit_name)s::text)::double precision END,
           (SELECT plan.days FROM unnest(%(plans)s::text[], %(days)s::integer[]) AS plan(name, days)
            WHERE plan.name = organization.plan_tier)
       ) AS days
FROM organization
WHERE organization.org_id > %(after)s
  AND (%(left_over)s::bigint[] IS NULL OR organization.org_id = ANY(%(left_over)s::bigint[]))
ORDER BY organization.org_id
LIMIT %(page)s

-- delete_old hot --
-- A page of organizations in one round trip: one index probe for each that has nothing to delete.
WITH page AS MATERIALIZED (
    {{page}}
),
doomed AS MATERIALIZED (
    SELECT old.org_id, old.id
    FROM page
    CROSS JOIN LATERAL (
        SELECT {{table}}.org_id, {{table}}.id FROM {{table}}
        WHERE {{table}}.org_id = page.org_id
          AND {{table}}.{{time}} < %(now)s::timestamptz - interval '1 day' * {{days}}
        ORDER BY {{table}}.{{time}}
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS old
),
deleted AS (
    DELETE FROM {{table}}
    USING doomed
    WHERE {{table}}.org_id = doomed.org_id AND {{table}}.id = doomed.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM deleted) AS deleted, {{left_over}} AS left_over,
       (SELECT max(page.org_id) FROM page HAVING count(*) = %(page)s) AS last;

-- days_of_jobs --
-- A fragment. Jobs that are kept to the ceiling are left to their partition, which goes whole; what stands longer
-- goes row by row.
(CASE WHEN page.days < %(ceiling)s THEN greatest(page.days, 0) ELSE %(ceiling)s + %(straggler_days)s END)

-- days_of_history --
-- A fragment.
least(greatest(page.days, 0), %(ceiling)s)

-- left_over --
-- A fragment: who may have more to delete.
(
    SELECT array_agg(full_step.org_id)
    FROM (SELECT doomed.org_id FROM doomed GROUP BY doomed.org_id HAVING count(*) = %(limit)s) AS full_step
)
