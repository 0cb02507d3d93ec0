-- told --
-- A fragment. With nobody to tell it is two index probes, whatever the size of the batch.
(
    SELECT tell(%(org_id)s, {{events}}, array_agg({{item}}), %(now)s)
    FROM {{rows}}
    WHERE {{watched}}
       OR EXISTS (
        SELECT FROM webhook
        WHERE webhook.org_id = %(org_id)s AND webhook.enabled AND webhook.events && {{events}}
    )
    HAVING count(*) > 0
);

-- told_live --
-- A fragment, for what is no event of webhooks.
(
    SELECT tell(%(org_id)s, {{events}}, array_agg({{item}}), %(now)s)
    FROM {{rows}}
    WHERE {{watched}}
    HAVING count(*) > 0
);

-- watched --
-- A fragment.
EXISTS (SELECT FROM watch WHERE watch.org_id = %(org_id)s AND watch.until > %(now)s::timestamptz);

-- job_item --
-- A fragment.
job_event(
    {{rows}}.id, {{rows}}.queue, {{rows}}.state, {{rows}}.priority, {{rows}}.attempts, {{rows}}.max_retries,
    {{rows}}.run_at, {{rows}}.workflow_id, {{worker}}, {{result}}, {{error}}, {{previous}}, {{started_at}}, %(now)s
);

-- told_itself --
-- A fragment, for each row of those that ended: few bring an address of their own.
CASE WHEN archived.completion_webhook IS NOT NULL THEN tell_completion(
    %(org_id)s, '{{event}}', archived.completion_webhook, archived.completion_webhook_secret, archived.id,
    archived.queue, archived.state, archived.result, %(now)s
) END;
