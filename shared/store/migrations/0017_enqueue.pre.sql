-- What few enqueues need. Each is a function so that the others pay nothing for it: a plan's nodes cost their
-- setting up, whether a row comes or not.

-- Which job each idempotency key stands for, of those that are asked for in their order. The unique key decides
-- who wins, not a look-up: a loser waits for the winner's commit and gets the winner's id from the row itself.
CREATE FUNCTION win_keys(of_org bigint, keys text[], job_ids bigint[], won_at timestamptz, kept_until timestamptz)
RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    winners jsonb;
BEGIN
    WITH won AS (
        INSERT INTO idempotency_key AS known (org_id, key, job_id, expires_at)
        SELECT DISTINCT ON (asked.key) of_org, asked.key, asked.job_id, kept_until
        FROM unnest(keys, job_ids) WITH ORDINALITY AS asked(key, job_id, place)
        ORDER BY asked.key, asked.place
        ON CONFLICT (org_id, key) DO UPDATE SET
            job_id = CASE WHEN known.expires_at <= won_at THEN excluded.job_id ELSE known.job_id END,
            expires_at = CASE WHEN known.expires_at <= won_at THEN excluded.expires_at ELSE known.expires_at END
        RETURNING known.key, known.job_id
    )
    SELECT jsonb_object_agg(won.key, won.job_id) INTO winners FROM won;
    RETURN winners;
END
$$;

-- Queues that are named for the first time come into being; how many did, as another may be quicker.
CREATE FUNCTION declare_queues(of_org bigint, names text[], declared_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_queues bigint;
    told bigint;
BEGIN
    WITH declared AS (
        INSERT INTO queue (org_id, name, created_at, updated_at)
        SELECT DISTINCT of_org, asked.name, declared_at, declared_at
        FROM unnest(names) AS asked(name)
        ORDER BY asked.name
        ON CONFLICT DO NOTHING
        RETURNING queue.name, queue.enabled, queue.paused_at
    )
    SELECT count(*),
           CASE WHEN count(*) > 0 THEN tell(
               of_org, '{queue.created}',
               array_agg(queue_event(declared.name, declared.enabled, declared.paused_at)), declared_at
           ) END
    INTO new_queues, told
    FROM declared;
    RETURN new_queues;
END
$$;

-- Whether a key stands for a job at this instant.
CREATE FUNCTION is_key_known(of_org bigint, of_key text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM idempotency_key AS known
        WHERE known.org_id = of_org AND known.key = of_key AND known.expires_at > at
    );
END
$$;
