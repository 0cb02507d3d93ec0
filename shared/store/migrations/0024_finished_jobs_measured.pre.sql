-- What became of jobs, and how long they waited and ran: counted once each by a timer, for who reads metrics.

-- The queues that metrics name, by their name alone: those of one name in several organizations are one. All
-- others are `other`.
CREATE TABLE measured_queue (
    queue text PRIMARY KEY
);

-- How many jobs, ever. `le` is the upper bound of a bucket in seconds, infinite for the last one and for an end.
-- What a queue that is not named any more had is under the name '', so that the sum of all never shrinks.
CREATE TABLE job_measure (
    queue text NOT NULL,
    what text NOT NULL CHECK (what IN ('wait', 'run', 'completed', 'failed', 'deadletter', 'cancelled')),
    le double precision NOT NULL,
    jobs bigint NOT NULL,
    seconds double precision NOT NULL,
    PRIMARY KEY (queue, what, le)
) WITH (fillfactor = 50);

-- Which jobs are counted: those that transactions before one wrote, as all of them have ended. A mark in time
-- would miss what is committed behind it.
CREATE TABLE job_measure_mark (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    counted_before xid8 NOT NULL,
    -- No job that a later transaction wrote finished before that; where the index is entered.
    finished_since timestamptz NOT NULL,
    -- The count that is under way, a part of the time in each statement: up to where it goes and has come, and
    -- the mark after it.
    counts_before xid8,
    counted_until timestamptz,
    next_finished_since timestamptz,
    -- The first transaction that had not begun at the latest count, and when that was.
    seen_before xid8 NOT NULL,
    seen_at timestamptz NOT NULL,
    -- When the named queues were compared with the others last.
    compared_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO job_measure_mark (counted_before, finished_since, seen_before, seen_at)
SELECT pg_snapshot_xmin(now_open), statement_timestamp() - interval '2 minutes', pg_snapshot_xmax(now_open), statement_timestamp()
FROM pg_current_snapshot() AS now_open;

-- Of the service, not of an organization: the role that requests of one run in does not see them.
DO $$
DECLARE
    of_the_service regclass;
BEGIN
    FOREACH of_the_service IN ARRAY ARRAY['measured_queue', 'job_measure', 'job_measure_mark']::regclass[] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', of_the_service);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', of_the_service);
        EXECUTE format('CREATE POLICY system ON %s TO spooled_system USING (true) WITH CHECK (true)', of_the_service);
        EXECUTE format('REVOKE ALL ON %s FROM spooled_app', of_the_service);
    END LOOP;
END
$$;
