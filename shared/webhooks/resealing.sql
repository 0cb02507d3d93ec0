-- page_of_sealed --
-- A page of what names no secret, or another one than that of now, by how it begins: an index has them in this
-- order. Jobs bring theirs along from one table to the next.
SELECT org_id, id, {{column}} AS sealed
FROM {{table}}
WHERE {{column}} IS NOT NULL
  AND (substring({{column}} FROM 1 FOR 9), org_id, id) > (%(after)s::bytea, %(after_org)s, %(after_id)s)
  AND substring({{column}} FROM 1 FOR 9) < %(below)s::bytea
  {{settled}}
ORDER BY substring({{column}} FROM 1 FOR 9), org_id, id
LIMIT %(limit)s;

-- settled --
-- What has just ended is left for the next run: the count of finished jobs looks at it for a while yet, and would
-- count a row that was changed twice.
AND finished_at < %(now)s::timestamptz - interval '1 hour';

-- reseal --
-- Nothing where somebody set another secret meanwhile.
UPDATE {{table}} SET {{column}} = anew.sealed
FROM unnest(%(org_ids)s::bigint[], %(ids)s::bigint[], %(known)s::bytea[], %(resealed)s::bytea[])
    AS anew(org_id, id, known, sealed)
WHERE {{table}}.org_id = anew.org_id AND {{table}}.id = anew.id AND {{table}}.{{column}} = anew.known
RETURNING {{table}}.id;

-- under_another --
-- Of any age: what it belongs to may be sent again as long as it is kept.
SELECT FROM {{table}} WHERE {{column}} IS NOT NULL AND substring({{column}} FROM 1 FOR 9) <> %(head)s::bytea;
