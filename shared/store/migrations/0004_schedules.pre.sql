-- Schedules, and what became of each of their fires.

CREATE TABLE schedule (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    id bigint NOT NULL DEFAULT next_id(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text,
    cron_expression text NOT NULL,
    timezone text NOT NULL,
    queue text NOT NULL,
    payload json NOT NULL,
    -- A timer bounds what it holds in memory by this, before it reads the payloads.
    payload_bytes integer NOT NULL GENERATED ALWAYS AS (octet_length(payload::text)) STORED,
    priority smallint NOT NULL,
    max_retries integer NOT NULL CHECK (max_retries BETWEEN 0 AND 100),
    timeout_seconds integer NOT NULL CHECK (timeout_seconds BETWEEN 1 AND 86400),
    tags jsonb,
    metadata jsonb,
    misfire_policy text NOT NULL CHECK (misfire_policy IN ('skip', 'last', 'all')),
    misfire_limit integer NOT NULL CHECK (misfire_limit BETWEEN 1 AND 100),
    is_active boolean NOT NULL DEFAULT true,
    next_run_at timestamptz,
    last_run_at timestamptz,
    run_count bigint NOT NULL DEFAULT 0,
    -- Why the timer set it aside; resuming it, or another cron or time zone, clears it.
    last_error text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    CONSTRAINT paused_schedules_have_no_next_run CHECK (is_active OR next_run_at IS NULL)
);
CREATE INDEX schedule_due ON schedule (next_run_at) WHERE next_run_at IS NOT NULL;
CALL protect_tenant_table('schedule');

CREATE TABLE schedule_run (
    org_id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    -- The slot of the cron; NULL for a run that was triggered, and for the one that says why it was set aside.
    planned_at timestamptz,
    started_at timestamptz NOT NULL,
    -- NULL when no job could be made; `error` then says why.
    job_id bigint,
    error text,
    PRIMARY KEY (org_id, schedule_id, id),
    CONSTRAINT schedule_run_once UNIQUE (org_id, schedule_id, planned_at),
    CONSTRAINT run_is_a_job_or_an_error CHECK ((job_id IS NULL) = (error IS NOT NULL)),
    FOREIGN KEY (org_id, schedule_id) REFERENCES schedule ON DELETE CASCADE
);
CALL protect_tenant_table('schedule_run');
