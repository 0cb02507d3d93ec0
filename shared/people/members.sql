-- list_members --
-- People are beyond the scope of one organization, so the system asks, and names the organization.
SELECT membership.*, app_user.email
FROM membership
JOIN app_user ON app_user.id = membership.user_id
WHERE membership.org_id = %(org_id)s
ORDER BY membership.joined_at, membership.user_id;

-- add_member --
-- No row comes back for a member. An address that nobody had becomes a person here.
WITH person AS (
    INSERT INTO app_user (email, created_at) VALUES (%(email)s, %(now)s)
    ON CONFLICT (email) DO UPDATE SET email = excluded.email
    RETURNING id
),
joined AS (
    INSERT INTO membership (org_id, user_id, role, invited_by, joined_at)
    SELECT %(org_id)s, person.id, %(role)s, %(invited_by)s, %(now)s FROM person
    ON CONFLICT DO NOTHING
    RETURNING *
)
SELECT joined.*, organization.name AS organization_name
FROM joined
JOIN organization ON organization.org_id = joined.org_id;

-- remove_member --
-- Tells the role of whom it removed, or of the owner, whom it leaves.
WITH found AS MATERIALIZED (
    SELECT org_id, user_id, role FROM membership
    WHERE org_id = %(org_id)s AND user_id = %(user_id)s
    FOR UPDATE
),
removed AS (
    DELETE FROM membership USING found
    WHERE membership.org_id = found.org_id AND membership.user_id = found.user_id AND found.role <> 'owner'
)
SELECT role FROM found;
