-- list_deliveries hot --
SELECT id, provider, event_type, queue, job_id, status, created_at
FROM inbound_delivery
WHERE org_id = %(org_id)s
{{conditions}}
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- where_created --
AND status = 'created'

-- where_duplicate --
-- A literal, since only that opens the partial index.
AND status = 'duplicate'

-- where_queue --
AND queue = %(queue)s

-- where_since --
AND created_at >= %(since)s::timestamptz
