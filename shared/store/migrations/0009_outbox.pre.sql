-- What statements that change something tell the outbox with.

-- The public form of a key, as shared/ids.py makes it.
CREATE FUNCTION public_id(prefix text, key bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN prefix || '_' || translate(
    chr(65 + (key >> 60)::integer) || chr(65 + (key >> 55 & 31)::integer) || chr(65 + (key >> 50 & 31)::integer)
    || chr(65 + (key >> 45 & 31)::integer) || chr(65 + (key >> 40 & 31)::integer)
    || chr(65 + (key >> 35 & 31)::integer) || chr(65 + (key >> 30 & 31)::integer)
    || chr(65 + (key >> 25 & 31)::integer) || chr(65 + (key >> 20 & 31)::integer)
    || chr(65 + (key >> 15 & 31)::integer) || chr(65 + (key >> 10 & 31)::integer)
    || chr(65 + (key >> 5 & 31)::integer) || chr(65 + (key & 31)::integer),
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`', '0123456789abcdefghjkmnpqrstvwxyz'
);

-- An instant as the API writes it: whole seconds without a fraction.
CREATE FUNCTION json_instant(instant timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN replace(to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z');

-- The status of a job as the API names it, as in shared/jobs/model.py.
CREATE FUNCTION job_status(state text, attempts integer, run_at timestamptz, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN state = 'waiting' OR (state = 'pending' AND attempts = 0 AND run_at > at) THEN 'scheduled' ELSE state
END;

-- A job in an event: never its payload. `error` is that of the attempt that just failed, or why it was
-- cancelled, `previous` its status before, and `started_at` that of the attempt that has just ended. Status and
-- count are those of shared/jobs/model.py. Not inlined on purpose: hot statements that are planned anew each
-- time would be planned with all of it.
CREATE FUNCTION job_event(
    id bigint, queue text, state text, priority integer, attempts integer, max_retries integer, run_at timestamptz,
    workflow_id bigint, worker_id text, result json, error text, previous text, started_at timestamptz,
    at timestamptz
) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN json_build_object(
        'job_id', public_id('job', id),
        'queue_name', queue,
        'status', job_status(state, attempts, run_at, at),
        'previous_status', previous,
        'priority', priority,
        'retry_count', CASE
            WHEN state IN ('waiting', 'pending', 'cancelled') THEN attempts ELSE greatest(0, attempts - 1)
        END,
        'attempt', CASE
            WHEN state IN ('waiting', 'pending', 'cancelled') THEN attempts ELSE greatest(0, attempts - 1)
        END,
        'max_retries', max_retries,
        'workflow_id', public_id('wf', workflow_id),
        'worker_id', worker_id,
        'result', result,
        'error', error,
        'will_retry', CASE
            WHEN error IS NULL THEN NULL WHEN state = 'pending' THEN true WHEN state = 'deadletter' THEN false
        END,
        'duration_ms', greatest(0, round(extract(epoch FROM at - started_at) * 1000))::bigint
    );
END
$$;

CREATE FUNCTION workflow_event(known workflow) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'workflow_id', public_id('wf', known.id),
    'name', known.name,
    'queue_names', known.queues,
    'status', known.state,
    'total_jobs', known.total_jobs,
    'completed_jobs', known.completed_jobs,
    'failed_jobs', known.failed_jobs,
    'cancelled_jobs', known.cancelled_jobs,
    'skipped_jobs', known.skipped_jobs,
    'completed_at', json_instant(known.completed_at)
);

CREATE FUNCTION queue_event(name text, enabled boolean, paused_at timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object('queue_name', name, 'enabled', enabled, 'paused', paused_at IS NOT NULL);

CREATE FUNCTION schedule_event(known schedule) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'schedule_id', public_id('sched', known.id),
    'name', known.name,
    'queue_name', known.queue,
    'cron_expression', known.cron_expression,
    'timezone', known.timezone,
    'is_active', known.is_active,
    'next_run_at', json_instant(known.next_run_at),
    'last_error', known.last_error
);

CREATE FUNCTION worker_event(id text, queues text[], hostname text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'worker_id', id, 'queue_name', queues[1], 'queue_names', queues, 'hostname', hostname
);

CREATE FUNCTION heartbeat_event(
    id text, queues text[], hostname text, status text, current_jobs integer
) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'worker_id', id, 'queue_name', queues[1], 'queue_names', queues, 'hostname', hostname, 'status', status,
    'current_jobs', current_jobs
);

-- Called by the statement that made the change, in its transaction: one delivery for each item, event and
-- enabled webhook that wants it. A webhook that is deleted at this moment is waited for, and then not there;
-- without the lock the foreign key would refuse the change itself.
CREATE FUNCTION tell_webhooks(of_org bigint, happenings text[], items json[], told_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    told bigint;
BEGIN
    WITH subscriber AS MATERIALIZED (
        SELECT webhook.id, webhook.events FROM webhook
        WHERE webhook.org_id = of_org AND webhook.enabled AND webhook.events && happenings
        ORDER BY webhook.id
        FOR KEY SHARE
    )
    INSERT INTO webhook_delivery (org_id, webhook_id, event, data, next_attempt_at, created_at)
    SELECT of_org, subscriber.id, happening.event, item.data, told_at, told_at
    FROM unnest(items) WITH ORDINALITY AS item(data, place)
    CROSS JOIN unnest(happenings) WITH ORDINALITY AS happening(event, place)
    JOIN subscriber ON happening.event = ANY(subscriber.events)
    ORDER BY item.place, happening.place, subscriber.id;
    GET DIAGNOSTICS told = ROW_COUNT;
    RETURN told;
END
$$;

-- The same for a job that ended and brought an address of its own.
CREATE FUNCTION tell_completion(
    of_org bigint, happening text, url text, sealed_secret bytea, job_id bigint, queue text, state text, result json,
    ended_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_delivery (org_id, url, sealed_secret, event, data, next_attempt_at, created_at)
    VALUES (of_org, url, sealed_secret, happening, json_build_object(
        'job_id', public_id('job', job_id), 'queue_name', queue, 'status', state, 'result', result,
        'completed_at', json_instant(ended_at)
    ), ended_at, ended_at);
    RETURN 1;
END
$$;
