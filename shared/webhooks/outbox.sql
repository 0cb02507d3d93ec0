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
-- A fragment, for each row of those that ended: few bring an address of their own.
CASE WHEN archived.completion_webhook IS NOT NULL THEN tell_completion(
    %(org_id)s, '{{event}}', archived.completion_webhook, archived.completion_webhook_secret, archived.id,
    archived.queue, archived.state, archived.result, %(now)s
) END;
