-- Inbound webhooks: what came in, without payload or signature.

CREATE TABLE inbound_delivery (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    provider text NOT NULL CHECK (provider IN ('custom', 'github', 'stripe')),
    event_type text NOT NULL,
    -- The provider's own id of the delivery; NULL when it sent none.
    delivery_id text,
    -- NULL, like job_id and status, for an event that makes no job.
    queue text,
    job_id bigint,
    status text CHECK (status IN ('created', 'duplicate')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
-- Whoever writes the row of a delivery first makes its job.
CREATE UNIQUE INDEX inbound_delivery_once ON inbound_delivery (org_id, provider, delivery_id)
    WHERE status IS DISTINCT FROM 'duplicate';
CREATE INDEX inbound_delivery_newest ON inbound_delivery (org_id, created_at, id);
CREATE INDEX inbound_delivery_of_queue ON inbound_delivery (org_id, queue, created_at, id);
CREATE INDEX inbound_delivery_duplicates ON inbound_delivery (org_id, created_at, id) WHERE status = 'duplicate';
CALL protect_tenant_table('inbound_delivery');
