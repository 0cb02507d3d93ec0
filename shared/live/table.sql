-- keep_watch hot --
-- One statement for all organizations that a process watches, which writes only where little time is left. Who
-- finds that nobody watched meanwhile removes what is older: nobody may come back across that time. The ten
-- seconds are for processes that read the last of it at this moment.
WITH known AS MATERIALIZED (
    SELECT organization.org_id, watch.until, watch.kept_until,
           coalesce(watch.until < %(now)s::timestamptz, true) AS lapsed,
           %(keep)s::boolean AND coalesce(watch.kept_until < %(now)s::timestamptz, true) AS keeping_lapsed
    FROM unnest(%(org_ids)s::bigint[]) AS wanted(org_id)
    JOIN organization ON organization.org_id = wanted.org_id
    LEFT JOIN watch ON watch.org_id = wanted.org_id
),
renewed AS (
    INSERT INTO watch (org_id, until, kept_until)
    SELECT known.org_id, %(now)s::timestamptz + %(watched_for)s::interval,
           CASE WHEN %(keep)s::boolean THEN %(now)s::timestamptz + %(kept_for)s::interval END
    FROM known
    WHERE known.lapsed OR known.keeping_lapsed
       OR known.until < %(now)s::timestamptz + %(watched_for)s::interval - interval '1 minute'
       OR (%(keep)s::boolean AND known.kept_until < %(now)s::timestamptz + %(kept_for)s::interval - interval '1 minute')
    ORDER BY known.org_id
    ON CONFLICT (org_id) DO UPDATE SET
        until = greatest(watch.until, excluded.until),
        kept_until = greatest(watch.kept_until, excluded.kept_until)
    RETURNING watch.org_id, watch.until, watch.kept_until
),
forgotten AS (
    DELETE FROM happening
    USING known
    WHERE happening.org_id = known.org_id AND (known.lapsed OR known.keeping_lapsed)
      AND happening.told_at < %(now)s::timestamptz - interval '10 seconds'
)
SELECT known.org_id, known.lapsed,
       extract(epoch FROM coalesce(renewed.until, known.until) - %(now)s::timestamptz)::double precision AS watched_seconds,
       extract(epoch FROM coalesce(renewed.kept_until, known.kept_until) - %(now)s::timestamptz)::double precision
           AS kept_seconds,
       coalesce(known.kept_until > %(now)s::timestamptz - interval '1 minute', false) AS was_kept,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled_before
FROM known
LEFT JOIN renewed ON renewed.org_id = known.org_id;

-- read_new hot --
-- A transaction has its number before it ends, so what is told under the numbers of those that still run is left
-- for later: in this order nothing appears behind a reader's back.
SELECT wanted.org_id, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled_before, told.*
FROM unnest(%(org_ids)s::bigint[], %(xacts)s::text[]::xid8[], %(seqs)s::bigint[]) AS wanted(org_id, xact, seq)
LEFT JOIN LATERAL (
    SELECT happening.xact::text::bigint AS xact, happening.seq, happening.told_at, happening.names, happening.item
    FROM happening
    WHERE happening.org_id = wanted.org_id
      AND (happening.xact, happening.seq) > (wanted.xact, wanted.seq)
      AND happening.xact < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY happening.xact, happening.seq
    LIMIT %(limit)s
) AS told ON true
ORDER BY told.xact, told.seq;

-- read_from hot --
SELECT happening.xact::text::bigint AS xact, happening.seq, happening.told_at, happening.names, happening.item
FROM happening
WHERE happening.org_id = %(org_id)s
  AND (happening.xact, happening.seq) >= (%(xact)s::text::xid8, %(seq)s)
  AND (happening.xact, happening.seq) <= (%(until_xact)s::text::xid8, %(until_seq)s)
ORDER BY happening.xact, happening.seq
LIMIT %(limit)s;
