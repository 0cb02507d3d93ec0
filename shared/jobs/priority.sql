-- set_priority hot --
-- Only a job that waits has a place in the order; the row is locked, so that the old value is the last one.
WITH old AS (
    SELECT job.id, job.priority
    FROM job
    WHERE job.org_id = %(org_id)s AND job.id = %(id)s AND job.state IN ('pending', 'waiting')
      AND (%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))
    FOR UPDATE
)
UPDATE job SET priority = %(priority)s, updated_at = %(now)s
FROM old
WHERE job.org_id = %(org_id)s AND job.id = old.id
RETURNING old.priority AS old_priority, job.priority AS new_priority;
