-- log_first --
-- The unique id of a delivery decides who is first: a second one waits here for the first one's commit.
INSERT INTO inbound_delivery (org_id, provider, event_type, delivery_id, queue, status, created_at)
VALUES (
    %(org_id)s, %(provider)s, %(event_type)s, %(delivery_id)s, %(queue)s,
    CASE WHEN %(makes_job)s THEN 'created' END, %(now)s
)
ON CONFLICT (org_id, provider, delivery_id) WHERE status IS DISTINCT FROM 'duplicate' DO NOTHING
RETURNING id, queue, job_id, status;

-- log_job --
UPDATE inbound_delivery SET job_id = %(job_id)s, status = %(status)s
WHERE org_id = %(org_id)s AND id = %(id)s
RETURNING queue, job_id, status;

-- log_duplicate --
-- Names the job of the first one, unless retention took that one away in this instant.
INSERT INTO inbound_delivery (org_id, provider, event_type, delivery_id, queue, job_id, status, created_at)
SELECT %(org_id)s, %(provider)s, %(event_type)s, %(delivery_id)s, first.queue, first.job_id, 'duplicate', %(now)s
FROM (SELECT) AS here
LEFT JOIN inbound_delivery AS first
    ON first.org_id = %(org_id)s AND first.provider = %(provider)s AND first.delivery_id = %(delivery_id)s
    AND first.status IS DISTINCT FROM 'duplicate'
RETURNING queue, job_id, status;
