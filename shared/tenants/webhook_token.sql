-- get_token --
-- A token of 16 characters or more that stands in the settings wins over the one that was made with the organization.
SELECT CASE WHEN jsonb_typeof(settings -> 'webhook_token') = 'string'
                 AND char_length(settings ->> 'webhook_token') >= 16
            THEN settings ->> 'webhook_token'
            ELSE webhook_token
       END AS webhook_token
FROM organization
WHERE org_id = %(org_id)s;

-- set_token --
UPDATE organization
SET webhook_token = %(token)s, settings = settings - 'webhook_token', updated_at = %(now)s
WHERE org_id = %(org_id)s
RETURNING webhook_token;
