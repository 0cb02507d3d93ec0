-- use_signup_token --
-- Deleted with the transaction: when the rest of it fails, the token is still there.
WITH proven AS (
    DELETE FROM signup_token WHERE token_hash = ANY(%(token_hashes)s::bytea[]) AND expires_at > %(now)s RETURNING email
)
INSERT INTO app_user (email, created_at)
SELECT email, %(now)s FROM proven
ON CONFLICT (email) DO UPDATE SET email = excluded.email
RETURNING id, email;

-- add_owner --
-- An organization that has an owner needs no key without a credential.
WITH used AS (
    UPDATE organization SET first_key_taken = true WHERE org_id = %(org_id)s RETURNING org_id
)
INSERT INTO membership (org_id, user_id, role, joined_at)
SELECT org_id, %(user_id)s, 'owner', %(now)s FROM used;
