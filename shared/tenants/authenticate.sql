-- authenticate_key hot --
-- Finds a live key by its hash and, at most every five minutes, notes that it was used: a first use also
-- closes the door for a key without a credential. The hash becomes that under the server's secret of now with
-- it, so that the secret before may go; no oftener, since two processes may not agree which one that is.
WITH found AS MATERIALIZED (
    SELECT api_key.org_id, api_key.id, api_key.permissions, api_key.queues, api_key.rate_limit,
           api_key.expires_at, api_key.last_used, organization.plan_tier, organization.custom_limits,
           organization.first_key_taken
    FROM api_key
    JOIN organization ON organization.org_id = api_key.org_id
    WHERE api_key.key_hash = ANY(%(key_hashes)s::bytea[])
      AND api_key.is_active
      AND organization.is_active
      AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s)
),
noted AS (
    UPDATE api_key SET last_used = %(now)s, key_hash = %(key_hash)s, hashed_under = %(hashed_under)s
    FROM found
    WHERE api_key.org_id = found.org_id
      AND api_key.id = found.id
      AND (found.last_used IS NULL OR found.last_used < %(used_before)s)
),
closed AS (
    UPDATE organization SET first_key_taken = true
    FROM found
    WHERE organization.org_id = found.org_id AND NOT found.first_key_taken
)
SELECT org_id, id, permissions, queues, rate_limit, expires_at, plan_tier, custom_limits FROM found;

-- known_keys hot --
-- Live keys by their hashes, as they are now. One whose use is to be noted is left out: its own look-up does that.
SELECT api_key.key_hash, api_key.org_id, api_key.id, api_key.permissions, api_key.queues, api_key.rate_limit,
       api_key.expires_at, organization.plan_tier, organization.custom_limits
FROM api_key
JOIN organization ON organization.org_id = api_key.org_id
WHERE api_key.key_hash = ANY(%(key_hashes)s::bytea[])
  AND api_key.is_active
  AND organization.is_active
  AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s)
  AND api_key.last_used >= %(used_before)s
  AND organization.first_key_taken;

-- authenticate_token hot --
-- A token stands for its key as the key is now: revoking the key ends its tokens.
SELECT api_key.org_id, api_key.id, api_key.permissions, api_key.queues, api_key.rate_limit, api_key.expires_at,
       organization.plan_tier, organization.custom_limits
FROM api_key
JOIN organization ON organization.org_id = api_key.org_id
WHERE api_key.org_id = %(org_id)s AND api_key.id = %(key_id)s
  AND api_key.is_active
  AND organization.is_active
  AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s)
  AND NOT EXISTS (
      SELECT FROM revoked_token
      WHERE revoked_token.org_id = %(org_id)s AND revoked_token.token_id = %(token_id)s
  );

-- authenticate_member hot --
-- A token of a person stands for their membership as it is now. One from before they were removed and taken
-- in again is not good.
SELECT membership.org_id, membership.user_id, membership.role, organization.plan_tier, organization.custom_limits
FROM membership
JOIN organization ON organization.org_id = membership.org_id
WHERE membership.org_id = %(org_id)s AND membership.user_id = %(user_id)s
  AND date_trunc('second', membership.joined_at) <= %(issued_at)s
  AND organization.is_active
  AND NOT EXISTS (
      SELECT FROM revoked_token
      WHERE revoked_token.org_id = %(org_id)s AND revoked_token.token_id = %(token_id)s
  );
