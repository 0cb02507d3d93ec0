-- told --
-- A fragment. Without a subscriber it is one index probe, whatever the size of the batch.
(
    SELECT tell_webhooks(%(org_id)s, {{events}}, array_agg({{item}}), %(now)s)
    FROM {{rows}}
    WHERE EXISTS (
        SELECT FROM webhook
        WHERE webhook.org_id = %(org_id)s AND webhook.enabled AND webhook.events && {{events}}
    )
    HAVING count(*) > 0
);

-- job_item --
-- A fragment.
job_event(
    {{rows}}.id, {{rows}}.queue, {{rows}}.state, {{rows}}.priority, {{rows}}.attempts, {{rows}}.max_retries,
    {{rows}}.run_at, {{rows}}.workflow_id, {{worker}}, {{result}}, {{error}}, %(now)s
);

-- told_itself --
-- A fragment. Jobs that ended and brought an address of their own; such jobs are few.
(
    SELECT tell_completions(
        %(org_id)s, '{{event}}', array_agg(archived.completion_webhook),
        array_agg(archived.completion_webhook_secret),
        array_agg(json_build_object(
            'job_id', public_id('job', archived.id), 'queue_name', archived.queue, 'status', archived.state,
            'result', archived.result, 'completed_at', json_instant(archived.finished_at)
        )),
        %(now)s
    )
    FROM archived
    WHERE archived.completion_webhook IS NOT NULL
    HAVING count(*) > 0
);
