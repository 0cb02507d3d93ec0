-- where_queue --
AND job.queue = %(queue)s

-- where_queue_by_id --
-- For an order by queue and id. As an equality it would be no part of the order, and a plan for any queue takes
-- the index by id alone, in which the few jobs of a small queue lie among all others.
AND job.queue BETWEEN %(queue)s AND %(queue)s

-- where_any_queue --
-- True of each job, and what the index by queue asks for: for an order by queue, of all queues.
AND job.queue >= ''

-- where_keyed --
AND job.queue = ANY(%(queues)s::text[])

-- where_pending --
AND job.state = 'pending' AND (job.attempts > 0 OR job.run_at <= %(now)s::timestamptz)

-- where_pending_by_id --
-- The same, but that it opens no index: for an order by id the index of claims would be read whole, and sorted.
AND job.state <> ALL('{waiting, processing}') AND (job.attempts > 0 OR job.run_at <= %(now)s::timestamptz)

-- where_scheduled --
-- Not stored: a first run ahead, or a step that waits for its parents.
AND (job.state = 'waiting' OR (job.state = 'pending' AND job.attempts = 0 AND job.run_at > %(now)s::timestamptz))

-- where_processing --
AND job.state = 'processing'

-- where_completed --
AND job.state = 'completed'

-- where_failed --
AND job.state = 'failed'

-- where_deadletter --
AND job.state = 'deadletter'

-- where_cancelled --
AND job.state = 'cancelled'

-- where_q --
AND (
    position(lower(%(q)s::text) IN lower(job.queue)) > 0
    OR position(lower(%(q)s::text) IN lower(job.payload ->> 'job_type')) > 0
    OR job.id BETWEEN %(q_first)s::bigint AND %(q_last)s::bigint
)

-- where_job_type --
AND job.payload ->> 'job_type' = %(job_type)s

-- where_tag --
-- A key of an object, or an element of an array.
AND job.tags ? %(tag)s

-- where_created_after --
-- Ids are made within minutes of created_at: they lead to the place in the index.
AND job.created_at >= %(created_after)s::timestamptz AND job.id >= %(first_id)s::bigint

-- where_created_before --
AND job.created_at < %(created_before)s::timestamptz AND job.id < %(last_id)s::bigint

-- where_job_ids --
AND job.id = ANY(%(job_ids)s::bigint[])

-- where_cause --
-- Only for dead jobs: the literal state beside it opens the index of causes.
AND job.cause = %(cause)s::bigint
