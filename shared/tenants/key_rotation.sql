-- lock_key --
-- Two rotations of one key go one after the other; what belongs to it is read after the lock.
SELECT * FROM api_key WHERE api_key.org_id = %(org_id)s AND api_key.id = %(id)s {{within_queues}} FOR UPDATE;

-- find_relatives --
-- Its successor and its predecessor.
SELECT api_key.*,
       api_key.is_active AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s) AS is_good
FROM api_key
WHERE api_key.org_id = %(org_id)s AND api_key.id = ANY(%(ids)s::bigint[]);

-- make_successor --
INSERT INTO api_key (
    org_id, name, key_hash, hashed_under, key_prefix, permissions, queues, rate_limit, expires_at, created_at,
    rotated_from
)
SELECT before.org_id, before.name, %(key_hash)s, %(hashed_under)s, %(key_prefix)s, before.permissions, before.queues,
       before.rate_limit, %(expires_at)s, %(now)s, before.id
FROM api_key AS before
WHERE before.org_id = %(org_id)s AND before.id = %(id)s
RETURNING *;

-- end_keys --
-- By itself, when the overlap is over; without one these keys are revoked.
UPDATE api_key SET
    rotated_to = %(successor)s,
    expires_at = CASE WHEN %(ends_at)s::timestamptz > %(now)s::timestamptz THEN least(expires_at, %(ends_at)s::timestamptz) ELSE expires_at END,
    is_active = %(ends_at)s::timestamptz > %(now)s,
    revoked_at = CASE WHEN %(ends_at)s::timestamptz <= %(now)s THEN coalesce(revoked_at, %(now)s) END
WHERE org_id = %(org_id)s AND id = ANY(%(ids)s::bigint[])
RETURNING id, expires_at;
