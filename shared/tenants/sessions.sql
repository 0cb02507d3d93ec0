-- revoke_token --
-- Signing out twice is signing out. The token of an organization that is gone needs no note.
INSERT INTO revoked_token (org_id, token_id, expires_at)
SELECT organization.org_id, %(token_id)s, %(expires_at)s
FROM organization
WHERE organization.org_id = %(org_id)s
ON CONFLICT DO NOTHING;

-- note_signing_secret --
INSERT INTO signing_secret AS known (id, signed_until) VALUES (%(secret_id)s, %(now)s::timestamptz)
ON CONFLICT (id) DO UPDATE SET signed_until = greatest(known.signed_until, excluded.signed_until);

-- forget_expired_tokens hot --
-- An expired token is refused without a note.
DELETE FROM revoked_token
WHERE (revoked_token.org_id, revoked_token.token_id) IN (
    SELECT old.org_id, old.token_id FROM revoked_token AS old
    WHERE old.expires_at <= %(now)s::timestamptz
    ORDER BY old.expires_at
    LIMIT %(limit)s
)
RETURNING revoked_token.org_id;
