-- forget_ended_overlaps --
-- What somebody replaces meanwhile is judged as it is then.
UPDATE organization SET previous_secrets = (
    SELECT coalesce(jsonb_object_agg(kept.key, kept.value), '{}')
    FROM jsonb_each(organization.previous_secrets) AS kept
    WHERE (kept.value ->> 'ends_at')::timestamptz > %(now)s::timestamptz
)
WHERE organization.org_id IN (
    SELECT ended.org_id
    FROM organization AS ended CROSS JOIN LATERAL jsonb_each(ended.previous_secrets) AS one
    WHERE ended.previous_secrets <> '{}' AND (one.value ->> 'ends_at')::timestamptz <= %(now)s::timestamptz
    LIMIT %(limit)s
)
RETURNING organization.org_id;
