-- create_key --
-- A key made by another key of the organization.
INSERT INTO api_key (
    org_id, name, key_hash, hashed_under, key_prefix, permissions, queues, rate_limit, expires_at, created_at
)
VALUES (%(org_id)s, %(name)s, %(key_hash)s, %(hashed_under)s, %(key_prefix)s, %(permissions)s, %(queues)s,
        %(rate_limit)s, %(expires_at)s, %(now)s)
RETURNING *;

-- create_first_key --
-- The one key without a credential: taking the right and making the key is one statement, so two callers
-- at once get one key.
WITH taken AS (
    UPDATE organization SET first_key_taken = true
    WHERE org_id = %(org_id)s AND NOT first_key_taken AND is_active
    RETURNING org_id, plan_tier, custom_limits
),
made AS (
    INSERT INTO api_key (
        org_id, name, key_hash, hashed_under, key_prefix, permissions, queues, rate_limit, expires_at, created_at
    )
    SELECT org_id, %(name)s, %(key_hash)s, %(hashed_under)s, %(key_prefix)s, %(permissions)s, %(queues)s,
           %(rate_limit)s, %(expires_at)s, %(now)s
    FROM taken
    RETURNING *
)
SELECT made.*, taken.plan_tier, taken.custom_limits FROM made CROSS JOIN taken;

-- within_queues --
-- A key that is held to queues is shown those that may do no more.
AND (
    %(key_queues)s::text[] IS NULL
    OR (api_key.queues <> '{}' AND api_key.queues <@ %(key_queues)s::text[])
);

-- list_keys --
SELECT * FROM api_key WHERE api_key.org_id = %(org_id)s {{within_queues}} ORDER BY id DESC;

-- find_key --
SELECT * FROM api_key WHERE api_key.org_id = %(org_id)s AND api_key.id = %(id)s {{within_queues}};

-- change_key --
-- One that is switched on takes a place in the plan.
UPDATE api_key SET
    name = coalesce(%(name)s, api_key.name),
    queues = coalesce(%(queues)s::text[], api_key.queues),
    rate_limit = coalesce(%(rate_limit)s, api_key.rate_limit),
    is_active = coalesce(%(is_active)s, api_key.is_active)
FROM (
    SELECT api_key.id, api_key.is_active FROM api_key
    WHERE api_key.org_id = %(org_id)s AND api_key.id = %(id)s {{within_queues}}
    FOR UPDATE
) AS before
WHERE api_key.org_id = %(org_id)s AND api_key.id = before.id AND api_key.revoked_at IS NULL
RETURNING api_key.*, api_key.is_active AND NOT before.is_active AS is_new;

-- revoke_key --
-- The row stays, so that people see what there was.
UPDATE api_key SET is_active = false, revoked_at = coalesce(revoked_at, %(now)s)
WHERE api_key.org_id = %(org_id)s AND api_key.id = %(id)s {{within_queues}}
RETURNING id;
