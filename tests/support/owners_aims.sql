-- list_jobs --
-- What has failed otherwise than for good, and what was cancelled.
INSERT INTO job_archive
SELECT (jsonb_populate_record(past, jsonb_build_object('id', past.id + other.step, 'state', other.state))).*
FROM job_archive AS past
CROSS JOIN (VALUES (1, 'failed'), (2, 'cancelled')) AS other(step, state)
WHERE past.org_id = %(org_id)s AND past.state = 'completed';

-- note_subscription --
UPDATE organization SET stripe_customer_id = %(customer)s WHERE org_id = %(org_id)s;

-- activity --
WITH mark AS (
    INSERT INTO job_total_mark (org_id, counted_until) VALUES (%(org_id)s, %(now)s)
    ON CONFLICT (org_id) DO UPDATE SET counted_until = excluded.counted_until
)
INSERT INTO job_slot (org_id, queue, starts_at, created, completed, failed, wait_ms, processing_ms)
VALUES (%(org_id)s, 'emails', %(since)s, 1, 1, 1, 1, 1);

-- count_slots --
INSERT INTO job_total_mark (org_id, counted_until) VALUES (%(org_id)s, %(kept_since)s::timestamptz)
ON CONFLICT (org_id) DO UPDATE SET counted_until = excluded.counted_until;

-- forget_old_slots --
INSERT INTO job_slot (org_id, queue, starts_at, created, completed, failed, wait_ms, processing_ms)
VALUES (%(org_id)s, 'emails', %(kept_since)s::timestamptz - interval '1 day', 1, 1, 1, 1, 1);

-- some_secrets --
UPDATE webhook SET sealed_secret = 'sealed' WHERE org_id = %(org_id)s;

-- switched_off --
UPDATE webhook SET last_status = 'auto_disabled' WHERE org_id = %(org_id)s;

-- list_deliveries --
INSERT INTO inbound_delivery (org_id, provider, event_type, queue, job_id, status, created_at)
VALUES (%(org_id)s, 'custom', 'event', %(queue)s, %(job_id)s, 'duplicate', %(now)s);

-- log_job --
INSERT INTO inbound_delivery (org_id, id, provider, event_type, created_at)
VALUES (%(org_id)s, %(id)s, 'custom', 'event', %(now)s);

-- note_matched --
UPDATE job_act SET is_counted = false WHERE org_id = %(org_id)s AND id = %(id)s;

-- find_expired --
UPDATE job SET expires_at = %(now)s WHERE org_id = %(org_id)s AND id = %(job_id)s;

-- without_cause --
UPDATE job_archive SET cause = NULL WHERE org_id = %(org_id)s AND state = 'deadletter';

-- forget_old_happenings --
INSERT INTO happening (org_id, told_at, names, item)
VALUES (%(org_id)s, %(told_before)s::timestamptz - interval '1 day', '{job.created}', '{}');

-- read_from --
INSERT INTO happening (org_id, xact, told_at, names, item)
VALUES (%(org_id)s, '1', %(now)s, '{job.created}', '{}');

-- read_new --
INSERT INTO happening (org_id, xact, told_at, names, item)
VALUES (%(org_id)s, '1', %(now)s, '{job.created}', '{}');

-- delete_old --
UPDATE job_act SET status = 'completed', finished_at = now() WHERE org_id = %(org_id)s;

-- delete_queue --
INSERT INTO queue (org_id, name, created_at, updated_at) VALUES (%(org_id)s, %(name)s, %(now)s, %(now)s);

-- authenticate_key --
UPDATE api_key SET key_hash = %(key_hash)s WHERE org_id = %(org_id)s AND id = %(key_id)s;

-- known_keys --
UPDATE api_key SET key_hash = %(key_hash)s, last_used = %(now)s WHERE org_id = %(org_id)s AND id = %(key_id)s;

-- deleted_organizations --
UPDATE organization SET deleted_at = %(now)s WHERE org_id = %(org_id)s;

-- drop_organization --
UPDATE organization SET deleted_at = %(now)s WHERE org_id = %(org_id)s;

-- create_first_key --
UPDATE organization SET first_key_taken = false WHERE org_id = %(org_id)s;

-- forget_ended_overlaps --
UPDATE organization
SET previous_secrets = jsonb_build_object('webhook_token', jsonb_build_object('value', 'x', 'ends_at', %(now)s::timestamptz))
WHERE org_id = %(org_id)s;

-- forget_expired_tokens --
INSERT INTO revoked_token (org_id, token_id, expires_at) VALUES (%(org_id)s, %(token_id)s, %(now)s);

-- record_outcome --
UPDATE webhook_delivery SET state = 'pending', next_attempt_at = %(now)s, under_way = true, attempts = %(attempts)s
WHERE org_id = %(org_id)s AND id = %(id)s;

-- page_of_sealed --
WITH jobs AS (
    UPDATE job SET completion_webhook_secret = 'x' WHERE org_id = %(org_id)s
),
finished AS (
    UPDATE job_archive SET completion_webhook_secret = 'x' WHERE org_id = %(org_id)s
),
deliveries AS (
    UPDATE webhook_delivery SET sealed_secret = 'x' WHERE org_id = %(org_id)s
)
UPDATE webhook SET sealed_secret = 'x', previous_sealed_secret = 'x', previous_secret_ends_at = now()
WHERE org_id = %(org_id)s;

-- reseal --
WITH jobs AS (
    UPDATE job SET completion_webhook_secret = 'x' WHERE org_id = %(org_id)s
),
finished AS (
    UPDATE job_archive SET completion_webhook_secret = 'x' WHERE org_id = %(org_id)s
),
deliveries AS (
    UPDATE webhook_delivery SET sealed_secret = 'x' WHERE org_id = %(org_id)s
)
UPDATE webhook SET sealed_secret = 'x', previous_sealed_secret = 'x', previous_secret_ends_at = now()
WHERE org_id = %(org_id)s;

-- delete_old_deliveries --
UPDATE webhook_delivery SET state = 'success', next_attempt_at = NULL WHERE org_id = %(org_id)s;

-- forget_ended_secrets --
UPDATE webhook SET previous_sealed_secret = 'sealed', previous_secret_ends_at = %(now)s WHERE org_id = %(org_id)s;

-- traces_of_jobs --
UPDATE job SET trace = 'trace' WHERE org_id = %(org_id)s AND id = %(job_id)s;

-- delete_old_dependencies --
-- Of a job that is gone.
INSERT INTO job_dependency (org_id, child_id, parent_id, type) VALUES (%(org_id)s, 1, 2, 'success');

-- delete_old_workflows --
UPDATE workflow SET completed_at = %(kept_since)s::timestamptz - interval '1 day', state = 'completed'
WHERE org_id = %(org_id)s;

-- find_stopped --
UPDATE job_archive SET workflow_id = %(workflow_id)s WHERE org_id = %(org_id)s AND state = 'deadletter';

-- list_workflows --
INSERT INTO workflow (org_id, name, state, queues, total_jobs, created_at, updated_at, completed_at)
VALUES (%(org_id)s, 'w', 'completed', '{}', 1, %(now)s, %(now)s, %(now)s);
