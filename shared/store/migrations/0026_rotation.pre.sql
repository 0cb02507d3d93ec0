-- In parts: the indexes are built beside readers and writers.
-- Secrets and keys that are replaced, both being good for a while.

ALTER TABLE api_key
    -- The name of the server's secret that the hash was made with; NULL for one from before there were names.
    ADD COLUMN IF NOT EXISTS hashed_under bytea,
    -- The key that takes its place, and the one whose place it takes.
    ADD COLUMN IF NOT EXISTS rotated_to bigint,
    ADD COLUMN IF NOT EXISTS rotated_from bigint;

ALTER TABLE webhook
    -- Deliveries are signed with it too, until then.
    ADD COLUMN IF NOT EXISTS previous_sealed_secret bytea,
    ADD COLUMN IF NOT EXISTS previous_secret_ends_at timestamptz,
    -- squawk-ignore ban-drop-constraint -- that of a run that was cut off
    DROP CONSTRAINT IF EXISTS previous_secret_has_an_end,
    ADD CONSTRAINT previous_secret_has_an_end
        CHECK ((previous_sealed_secret IS NULL) = (previous_secret_ends_at IS NULL)) NOT VALID;

ALTER TABLE webhook VALIDATE CONSTRAINT previous_secret_has_an_end;

-- What senders of inbound webhooks may use beside what is set: {"webhook_token": {"value": ..., "ends_at": ...}}.
ALTER TABLE organization ADD COLUMN IF NOT EXISTS previous_secrets jsonb NOT NULL DEFAULT '{}';

-- Sealed values by the secret that they name, to find those of another one: few jobs have such a value at all.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_sealed
    ON job (substring(completion_webhook_secret FROM 1 FOR 9), org_id, id)
    WHERE completion_webhook_secret IS NOT NULL;

CREATE INDEX IF NOT EXISTS job_archive_sealed
    ON ONLY job_archive (substring(completion_webhook_secret FROM 1 FOR 9), org_id, id)
    WHERE completion_webhook_secret IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_delivery_sealed
    ON webhook_delivery (substring(sealed_secret FROM 1 FOR 9), org_id, id)
    WHERE sealed_secret IS NOT NULL;
