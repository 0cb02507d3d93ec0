-- In parts: the index is built beside readers and writers.

-- Jobs that are named by their ids are found by these alone. To a planner that has not seen the table grow the
-- index by queue looks as good for them, and a plan that is kept goes on to read all of the organization's entries.
-- With a condition that only a look at some queue implies, it is no choice. It leaves no job out.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_of_queue ON job (org_id, queue, id) WHERE queue IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS job_by_queue;

-- squawk-ignore renaming-object -- no statement names an index
ALTER INDEX job_of_queue RENAME TO job_by_queue;
