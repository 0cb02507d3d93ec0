-- Jobs counted once each by a timer, so that no figure reads a whole archive.

-- Completed jobs, for ever.
CREATE TABLE job_total (
    org_id bigint NOT NULL,
    queue text NOT NULL,
    completed bigint NOT NULL,
    PRIMARY KEY (org_id, queue)
);
CALL protect_tenant_table('job_total');

-- What was made and what ended in each five minutes of the last day.
CREATE TABLE job_slot (
    org_id bigint NOT NULL,
    queue text NOT NULL,
    starts_at timestamptz NOT NULL,
    created bigint NOT NULL,
    completed bigint NOT NULL,
    -- Given up, as `failed` or `deadletter`; one that is retried later has failed all the same.
    failed bigint NOT NULL,
    -- Sums over the completed ones: from when a job could run to its start, and from there to its end.
    wait_ms double precision NOT NULL,
    processing_ms double precision NOT NULL,
    PRIMARY KEY (org_id, queue, starts_at)
);
CREATE INDEX job_slot_old ON job_slot (starts_at);
CALL protect_tenant_table('job_slot');

-- Up to when an organization's jobs are in its totals and slots: always the start of a slot.
CREATE TABLE job_total_mark (
    org_id bigint PRIMARY KEY,
    counted_until timestamptz NOT NULL
);
CREATE INDEX job_total_mark_due ON job_total_mark (counted_until);
CALL protect_tenant_table('job_total_mark');

-- The five minutes that an instant lies in.
CREATE FUNCTION slot_of(instant timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(interval '5 minutes', instant, timestamptz 'epoch');

-- The first id of the millisecond of an instant; 0 for all that is older than ids.
CREATE FUNCTION id_at(instant timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (extract(epoch FROM greatest(instant, timestamptz 'epoch')) * 1000)::bigint << 20;
