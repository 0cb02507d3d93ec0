-- Jobs that are named by their ids are found by these alone. To a planner that has not seen the table grow the
-- index by queue looks as good for them, and a plan that is kept goes on to read all of the organization's entries.
-- With a condition that only a look at some queue implies, it is no choice. It leaves no job out.
-- Jobs can be read while it is built; that the old one goes takes a moment.
CREATE INDEX job_of_queue ON job (org_id, queue, id) WHERE queue IS NOT NULL;
DROP INDEX job_by_queue;
ALTER INDEX job_of_queue RENAME TO job_by_queue;
