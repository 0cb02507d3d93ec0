-- The audit log: who did what, with what outcome. Rows are written by the edge and never changed once they have one.

CREATE TABLE audit_entry (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    act text NOT NULL,
    target text,
    details jsonb NOT NULL,
    actor text NOT NULL CHECK (actor IN ('api_key', 'user', 'admin', 'anonymous')),
    key_id bigint,
    user_id bigint,
    client_address text NOT NULL,
    request_id text NOT NULL,
    begun_at timestamptz NOT NULL,
    -- HTTP status and code of the error; without a status nobody knows how it ended: the process died meanwhile.
    status integer,
    code text,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_entry_by_time ON audit_entry (org_id, begun_at);
CALL protect_tenant_table('audit_entry');
