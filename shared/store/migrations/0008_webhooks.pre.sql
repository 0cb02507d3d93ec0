-- Outgoing webhooks: who wants to hear of what, and the outbox of what is to be delivered.

CREATE TABLE webhook (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    name text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL CHECK (cardinality(events) >= 1),
    format text NOT NULL DEFAULT 'json' CHECK (format IN ('json', 'slack', 'discord', 'teams')),
    -- Encrypted under the server's secret; NULL: deliveries are not signed.
    sealed_secret bytea,
    enabled boolean NOT NULL DEFAULT true,
    -- Failed deliveries in a row, not attempts.
    failure_count integer NOT NULL DEFAULT 0,
    last_triggered_at timestamptz,
    last_status text CHECK (last_status IN ('success', 'failed', 'auto_disabled')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
) WITH (fillfactor = 50); -- each attempt notes its outcome here
CALL protect_tenant_table('webhook');

-- One row for each event and webhook, written in the transaction of the change. The completion webhook of a
-- job has no webhook row: its address and secret are copied here.
CREATE TABLE webhook_delivery (
    org_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    webhook_id bigint,
    event text NOT NULL,
    -- What happened, for example the job; the envelope around it is made when it is sent.
    data json NOT NULL,
    url text,
    sealed_secret bytea,
    -- What must not hold up other deliveries when it is slow: the webhook, or the host of a job's own address.
    target bigint NOT NULL GENERATED ALWAYS AS (
        coalesce(webhook_id, hashtextextended(lower(substring(url FROM '://([^/?#]*)')), 0), 0)
    ) STORED,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'success', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    -- While an attempt is under way: when another may take it for lost.
    next_attempt_at timestamptz,
    under_way boolean NOT NULL DEFAULT false,
    status_code integer,
    response_body text,
    error text,
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhook ON DELETE CASCADE,
    CONSTRAINT target_is_named CHECK ((webhook_id IS NULL) = (url IS NOT NULL)),
    CONSTRAINT pending_has_a_time CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_of_target ON webhook_delivery (org_id, target, next_attempt_at)
    WHERE state = 'pending';
CREATE INDEX webhook_delivery_of_webhook ON webhook_delivery (org_id, webhook_id, id);
CALL protect_tenant_table('webhook_delivery');
