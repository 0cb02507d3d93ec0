-- Workers: who says that it works, and when it was heard of last.

CREATE TABLE worker (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    -- Chosen by the worker, so that one that restarts is the same worker.
    id text NOT NULL,
    queues text[] NOT NULL,
    hostname text NOT NULL,
    worker_type text,
    version text,
    metadata json,
    max_concurrency integer NOT NULL,
    current_jobs integer NOT NULL DEFAULT 0,
    -- What the worker says of itself; whether it is heard of is told by `last_heartbeat`.
    status text NOT NULL DEFAULT 'healthy' CHECK (status IN ('healthy', 'degraded', 'offline', 'draining')),
    last_heartbeat timestamptz NOT NULL,
    registered_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
) WITH (fillfactor = 80);
CREATE INDEX worker_by_id ON worker (id);
CREATE INDEX worker_silent ON worker (last_heartbeat);
CALL protect_tenant_table('worker');
