-- Queues and jobs: a small hot table of unfinished jobs, an archive of finished ones by day.

CREATE TABLE queue (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    name text NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    max_retries integer NOT NULL DEFAULT 3 CHECK (max_retries BETWEEN 0 AND 100),
    timeout_seconds integer NOT NULL DEFAULT 300 CHECK (timeout_seconds BETWEEN 1 AND 86400),
    retry_delay_seconds double precision NOT NULL DEFAULT 1 CHECK (retry_delay_seconds >= 0),
    backoff_multiplier double precision NOT NULL DEFAULT 2 CHECK (backoff_multiplier BETWEEN 1 AND 100),
    backoff_max_seconds double precision NOT NULL DEFAULT 3600 CHECK (backoff_max_seconds >= 0),
    rate_limit integer CHECK (rate_limit BETWEEN 1 AND 100000),
    concurrency integer CHECK (concurrency >= 1),
    enabled boolean NOT NULL DEFAULT true,
    paused_at timestamptz,
    pause_reason text,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, name)
);
CALL protect_tenant_table('queue');

-- No foreign key to the organization: its row would be locked in shared mode by every insert.
CREATE TABLE job (
    org_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    queue text NOT NULL,
    -- `waiting` for parents, `pending` (also with a later run_at), `processing` under a lease.
    state text NOT NULL CHECK (state IN ('waiting', 'pending', 'processing')),
    priority smallint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    max_retries integer NOT NULL,
    timeout_seconds integer NOT NULL,
    payload json NOT NULL,
    tags jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    expires_at timestamptz,
    lease_id bigint,
    leased_until timestamptz,
    worker_id text,
    last_error text,
    -- What happened to earlier attempts, oldest first, at most 100 entries; a first run writes none.
    log jsonb NOT NULL DEFAULT '[]',
    idempotency_key text,
    parent_job_id bigint,
    completion_webhook text,
    completion_webhook_secret bytea,
    workflow_id bigint,
    step_key text,
    dependency_mode text CHECK (dependency_mode IN ('all', 'any')),
    unmet_parents integer NOT NULL DEFAULT 0,
    has_children boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, id),
    CONSTRAINT processing_has_a_lease CHECK ((state = 'processing') = (leased_until IS NOT NULL)),
    CONSTRAINT waiting_has_unmet_parents CHECK ((state = 'waiting') = (unmet_parents > 0))
) WITH (
    -- The table is small and busy: clean it often and without pauses (1.07 times the throughput).
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.2
);
-- `attempts` changes only when a job leaves this index or enters it, and lets jobs be counted in it alone.
CREATE INDEX job_claimable ON job (org_id, queue, priority DESC, run_at, id) INCLUDE (attempts)
    WHERE state = 'pending';
CREATE INDEX job_running ON job (org_id, queue, leased_until) WHERE state = 'processing';
CREATE INDEX job_by_queue ON job (org_id, queue, id);
CREATE INDEX job_expiring ON job (expires_at) WHERE expires_at IS NOT NULL AND state <> 'processing';
CREATE INDEX job_of_workflow ON job (org_id, workflow_id) WHERE workflow_id IS NOT NULL;
CALL protect_tenant_table('job');

-- Finished jobs, in partitions by the day that their id was made: an id names its partition.
CREATE TABLE job_archive (
    LIKE job INCLUDING DEFAULTS,
    result json,
    finished_at timestamptz NOT NULL,
    CHECK (state IN ('completed', 'failed', 'deadletter', 'cancelled')),
    PRIMARY KEY (org_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX job_archive_by_queue ON job_archive (org_id, queue, id);
CREATE INDEX job_archive_by_time ON job_archive (org_id, finished_at);
CREATE INDEX job_archive_dead ON job_archive (org_id, queue, id) WHERE state = 'deadletter';
-- Most finished jobs are completed; the others are few, and listed by state.
CREATE INDEX job_archive_unhappy ON job_archive (org_id, state, id) INCLUDE (queue) WHERE state <> 'completed';
CREATE INDEX job_archive_of_workflow ON job_archive (org_id, workflow_id) WHERE workflow_id IS NOT NULL;
-- Late jobs of days whose partition is gone.
CREATE TABLE job_archive_rest PARTITION OF job_archive DEFAULT;
CALL protect_tenant_table('job_archive');
CALL protect_tenant_table('job_archive_rest');

-- Whether there is such a job in one of these queues (in any, without), unfinished or not. Not inlined on
-- purpose: a statement that need not know must not open the archive's partitions.
CREATE FUNCTION job_exists(of_org bigint, job_id bigint, of_queues text[]) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM job
        WHERE job.org_id = of_org AND job.id = job_id AND (of_queues IS NULL OR job.queue = ANY(of_queues))
    ) OR EXISTS (
        SELECT FROM job_archive
        WHERE job_archive.org_id = of_org AND job_archive.id = job_id
          AND (of_queues IS NULL OR job_archive.queue = ANY(of_queues))
    );
END
$$;

-- Makes the partition of the ids of one day, protected like its parent. Called by the retention timer.
CREATE FUNCTION ensure_archive_partition(day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    partition_name text := format('job_archive_%s', to_char(day, 'YYYYMMDD'));
    first_id bigint := (extract(epoch FROM day::timestamp)::bigint * 1000) << 20;
    next_first_id bigint := (extract(epoch FROM (day + 1)::timestamp)::bigint * 1000) << 20;
BEGIN
    IF to_regclass(partition_name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF job_archive FOR VALUES FROM (%s) TO (%s)',
        partition_name, first_id, next_first_id
    );
    EXECUTE format('CALL protect_tenant_table(%L)', partition_name);
    -- Dropping the partition later asks, as its owner, whether it is still needed.
    EXECUTE format('CREATE POLICY retention ON %I FOR SELECT TO CURRENT_USER USING (true)', partition_name);
    RETURN partition_name;
EXCEPTION
    -- Made by another timer; or jobs of that day lie in the rest already, where they stay; or the archive is
    -- busy: nobody waits for a partition, the next run tries again.
    WHEN duplicate_table OR unique_violation OR check_violation OR lock_not_available THEN RETURN NULL;
END
$$;

-- Drops the partition of one day once no job in it finished later than `kept_since`.
CREATE FUNCTION drop_archive_partition(day date, kept_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    partition_name text := format('job_archive_%s', to_char(day, 'YYYYMMDD'));
    still_needed boolean;
BEGIN
    IF to_regclass(partition_name) IS NULL THEN
        RETURN false;
    END IF;
    -- Asked twice: one that is still needed is not locked, and one that is not cannot change in between.
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at >= %L)', partition_name, kept_since)
        INTO still_needed;
    IF still_needed THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', partition_name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at >= %L)', partition_name, kept_since)
        INTO still_needed;
    IF still_needed THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', partition_name);
    RETURN true;
EXCEPTION
    -- Dropped by another timer, or busy: the next run tries again.
    WHEN undefined_table OR lock_not_available THEN RETURN false;
END
$$;

REVOKE EXECUTE ON FUNCTION ensure_archive_partition(date), drop_archive_partition(date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_archive_partition(date), drop_archive_partition(date, timestamptz)
    TO spooled_system;

CREATE TABLE idempotency_key (
    org_id bigint NOT NULL,
    key text NOT NULL,
    job_id bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, key)
);
CREATE INDEX idempotency_key_expiring ON idempotency_key (expires_at);
CALL protect_tenant_table('idempotency_key');
