-- under_none --
-- Keys that nobody can use: they name a secret that is not accepted.
SELECT count(*)::integer AS keys
FROM api_key
JOIN organization ON organization.org_id = api_key.org_id
WHERE api_key.hashed_under <> ALL(%(accepted)s::bytea[])
  AND api_key.revoked_at IS NULL
  AND organization.deleted_at IS NULL
  AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s);

-- signed_until --
-- The row without a name stands for those that nobody noted.
SELECT max(signing_secret.signed_until) AS signed_until
FROM signing_secret
WHERE signing_secret.id = ANY(%(others)s::bytea[])
   OR signing_secret.id = '' AND NOT %(others)s::bytea[] <@ ARRAY(SELECT noted.id FROM signing_secret AS noted);

-- under_another --
-- Keys that are good, or are so again when they or their organizations are switched on, and sealed values.
SELECT (
           SELECT count(*)::integer
           FROM api_key
           JOIN organization ON organization.org_id = api_key.org_id
           WHERE api_key.hashed_under IS DISTINCT FROM %(secret_id)s::bytea
             AND api_key.revoked_at IS NULL
             AND organization.deleted_at IS NULL
             AND (api_key.expires_at IS NULL OR api_key.expires_at > %(now)s)
       ) AS keys,
       (
           SELECT count(*)::integer FROM (
               {{sealed}}
           ) AS other
       ) AS sealed;
