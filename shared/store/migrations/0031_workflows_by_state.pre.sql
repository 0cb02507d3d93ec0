-- In parts: the index is built beside readers and writers.

-- A page of workflows of a state that few have, however many are completed. Those are the many: a page of them is
-- found in the primary key at once, so that this index stays as small as what is unfinished or has failed.
CREATE INDEX CONCURRENTLY IF NOT EXISTS workflow_by_state ON workflow (org_id, state, id) WHERE state <> 'completed';
