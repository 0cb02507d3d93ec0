-- begin_entry --
-- Before the act: what cannot be written down is not done. Of an organization that is not there nothing is.
INSERT INTO audit_entry (
    org_id, act, target, details, actor, key_id, user_id, client_address, request_id, begun_at
)
SELECT organization.org_id, %(act)s, %(target)s, %(details)s::jsonb, %(actor)s, %(key_id)s::bigint, %(user_id)s::bigint,
       %(client_address)s, %(request_id)s, %(now)s
FROM organization
WHERE organization.org_id = %(org_id)s
RETURNING audit_entry.id;

-- end_entry --
UPDATE audit_entry SET
    status = %(status)s, code = %(code)s, target = coalesce(audit_entry.target, %(made)s)
WHERE audit_entry.org_id = %(org_id)s AND audit_entry.id = %(id)s;

-- list_entries --
SELECT audit_entry.*, api_key.name AS key_name
FROM audit_entry
LEFT JOIN api_key ON api_key.org_id = audit_entry.org_id AND api_key.id = audit_entry.key_id
WHERE audit_entry.org_id = %(org_id)s AND audit_entry.id < %(below)s
  AND (%(act)s::text IS NULL OR audit_entry.act = %(act)s)
  AND (%(actor)s::text IS NULL OR audit_entry.actor = %(actor)s)
  AND (%(key_id)s::bigint IS NULL OR audit_entry.key_id = %(key_id)s)
  AND (%(user_id)s::bigint IS NULL OR audit_entry.user_id = %(user_id)s)
  AND (%(since)s::timestamptz IS NULL OR audit_entry.begun_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR audit_entry.begun_at < %(until)s)
ORDER BY audit_entry.id DESC
LIMIT %(limit)s OFFSET %(offset)s;
