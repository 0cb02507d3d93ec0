-- look_up_email --
-- Asked before there is an organization, so of all of them.
SELECT count(app_user.id) > 0 AS is_known, count(organization.org_id) > 0 AS has_organizations
FROM app_user
LEFT JOIN membership ON membership.user_id = app_user.id
LEFT JOIN organization ON organization.org_id = membership.org_id AND organization.is_active
WHERE app_user.email = %(email)s;

-- organizations_of_email --
-- Their own first: an invitation by somebody else does not decide where a person lands.
SELECT membership.org_id, membership.user_id, membership.role
FROM app_user
JOIN membership ON membership.user_id = app_user.id
JOIN organization ON organization.org_id = membership.org_id
WHERE app_user.email = %(email)s AND organization.is_active
ORDER BY membership.role = 'owner' DESC, membership.joined_at, membership.org_id;

-- store_signup_token --
-- The newest proof of an address replaces the one before.
INSERT INTO signup_token (email, token_hash, expires_at)
VALUES (%(email)s, %(token_hash)s, %(expires_at)s)
ON CONFLICT (email) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at;
