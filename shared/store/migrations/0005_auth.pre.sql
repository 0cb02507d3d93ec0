-- Signed-out tokens, until they would have expired anyway.

CREATE TABLE revoked_token (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    -- The token's `jti`.
    token_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, token_id)
);
CREATE INDEX revoked_token_expiring ON revoked_token (expires_at);
CALL protect_tenant_table('revoked_token');
