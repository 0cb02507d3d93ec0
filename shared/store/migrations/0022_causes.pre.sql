-- In parts: the indexes are built beside readers and writers, partition by partition.
-- Dead letters by cause: each holds the number of the group that its error belongs to, made when it dies.

-- 63 bits of a hash of the error without what differs from one job to the next (shared/jobs/causes.py).
-- None for jobs that ended otherwise, and for what died before there were causes until a timer has been there.
ALTER TABLE job_archive ADD COLUMN IF NOT EXISTS cause bigint;

-- Groups are counted in it without a look at a job, and the jobs of one are read from it in the order of their ids.
CREATE INDEX IF NOT EXISTS job_archive_by_cause ON ONLY job_archive (org_id, cause, id) INCLUDE (queue, finished_at)
    WHERE state = 'deadletter';

-- What still has to get its cause: empty soon, and nothing new comes into it.
CREATE INDEX IF NOT EXISTS job_archive_without_cause ON ONLY job_archive (id) WHERE state = 'deadletter' AND cause IS NULL;
