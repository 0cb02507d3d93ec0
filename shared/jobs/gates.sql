-- What a claim asks of a job and of its queue, each condition written once: the claim and what explains it to a
-- person are filled from here, so that they cannot disagree. No part has a comment of its own: the claim is the
-- statement that runs most, and stays as short as it is.

-- pending --
job.state = 'pending'

-- due --
job.run_at <= %(now)s::timestamptz

-- unexpired --
(job.expires_at IS NULL OR job.expires_at > %(now)s::timestamptz)

-- paused --
queue.paused_at IS NOT NULL

-- disabled --
NOT queue.enabled

-- free_places --
queue.concurrency - (
                   SELECT count(*) FROM job
                   WHERE job.org_id = %(org_id)s AND job.queue = %(queue)s AND job.state = 'processing'
               )

-- free_starts --
floor(bucket.tokens + 0.000001)
