-- advanced --
-- A fragment. Once for the whole batch, so that all of it is archived before; never for jobs that nobody
-- depends on.
SELECT settle_steps(
    %(org_id)s, array_agg(archived.id), array_agg(archived.workflow_id), array_agg(archived.state), %(now)s
) AS queues
FROM archived
WHERE archived.has_children OR archived.workflow_id IS NOT NULL
HAVING count(*) > 0;

-- freed --
-- A fragment. Only a queue with a concurrency limit has places to free.
(
    SELECT array_agg(queue.name) FROM queue
    WHERE queue.org_id = %(org_id)s AND queue.concurrency IS NOT NULL
      AND queue.name = ANY(ARRAY(SELECT archived.queue FROM archived))
);
