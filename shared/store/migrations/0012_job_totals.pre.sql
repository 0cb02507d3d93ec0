-- Completed jobs, counted once each by a timer, so that statistics never read a whole archive.

CREATE TABLE job_total (
    org_id bigint NOT NULL,
    queue text NOT NULL,
    completed bigint NOT NULL,
    PRIMARY KEY (org_id, queue)
);
CALL protect_tenant_table('job_total');

-- Up to which `finished_at` an organization's jobs are in its totals.
CREATE TABLE job_total_mark (
    org_id bigint PRIMARY KEY,
    counted_until timestamptz NOT NULL
);
CREATE INDEX job_total_mark_due ON job_total_mark (counted_until);
CALL protect_tenant_table('job_total_mark');
