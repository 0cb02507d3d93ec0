-- names_of_holders hot --
SELECT 'key' AS kind, api_key.id, api_key.name
FROM api_key
WHERE api_key.org_id = %(org_id)s AND api_key.id = ANY(%(keys)s::bigint[])
UNION ALL
SELECT 'user', membership.user_id, app_user.email
FROM membership
JOIN app_user ON app_user.id = membership.user_id
WHERE membership.org_id = %(org_id)s AND membership.user_id = ANY(%(users)s::bigint[]);
