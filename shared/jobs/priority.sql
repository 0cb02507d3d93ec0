-- set_priorities hot --
-- Only a job that waits has a place in the order; rows are locked, so that the old values are the last ones.
WITH old AS (
    SELECT job.id, job.priority
    FROM job
    WHERE job.org_id = %(org_id)s AND job.id = ANY(%(ids)s::bigint[]) AND job.state IN ('pending', 'waiting')
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
    FOR UPDATE
),
saved AS (
    UPDATE job SET priority = %(priority)s, updated_at = %(now)s
    FROM old
    WHERE job.org_id = %(org_id)s AND job.id = old.id
    RETURNING job.*, old.priority AS old_priority
),
moved AS (
    SELECT * FROM saved WHERE saved.priority <> saved.old_priority
)
SELECT saved.id, saved.old_priority, saved.priority AS new_priority, saved.priority, saved.queue, saved.run_at, {{told}} AS told FROM saved;
