-- confirm_act --
-- Whoever confirms a preview second finds the act that the first one made.
INSERT INTO job_act (
    org_id, id, act, filter, arguments, status, previewed_at, matched, is_counted, key_id, user_id, created_at, turn_at
)
VALUES (
    %(org_id)s, %(id)s, %(act)s, %(filter)s::jsonb, %(arguments)s::jsonb, 'pending', %(previewed_at)s, %(matched)s,
    %(is_counted)s, %(key_id)s, %(user_id)s, %(now)s, %(now)s
)
ON CONFLICT DO NOTHING
RETURNING job_act.id;

-- find_act --
SELECT job_act.*, api_key.name AS key_name
FROM job_act
LEFT JOIN api_key ON api_key.org_id = job_act.org_id AND api_key.id = job_act.key_id
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s
  AND (%(only_of_key)s::bigint IS NULL OR job_act.key_id = %(only_of_key)s);

-- list_acts --
SELECT job_act.*, api_key.name AS key_name
FROM job_act
LEFT JOIN api_key ON api_key.org_id = job_act.org_id AND api_key.id = job_act.key_id
WHERE job_act.org_id = %(org_id)s
  AND (%(status)s::text IS NULL OR job_act.status = %(status)s)
  AND (%(only_of_key)s::bigint IS NULL OR job_act.key_id = %(only_of_key)s)
ORDER BY job_act.id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- abort_act --
-- Waits for the chunk that is under way: once it is answered, no further job is touched.
UPDATE job_act SET status = 'aborted', finished_at = %(now)s
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s AND job_act.status IN ('pending', 'running')
  AND (%(only_of_key)s::bigint IS NULL OR job_act.key_id = %(only_of_key)s)
RETURNING job_act.id;
