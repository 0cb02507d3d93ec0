-- Limits of a queue: how many of its jobs run at once (`concurrency`), how many start in a second (`rate_limit`).

-- The bucket of starts: what was left in it at `tokens_at`. A queue without a rate has none.
ALTER TABLE queue ADD COLUMN tokens double precision, ADD COLUMN tokens_at timestamptz;

-- A settle asks whether it freed a place that somebody waits for: an empty index for those who set no limit.
CREATE INDEX queue_with_concurrency ON queue (org_id, name) WHERE concurrency IS NOT NULL;

-- The starts that a queue may make at an instant: the bucket fills evenly and holds one second's worth.
CREATE FUNCTION queue_tokens(limited queue, instant timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(
    (limited).rate_limit,
    coalesce((limited).tokens, (limited).rate_limit)
        + (limited).rate_limit * greatest(0, coalesce(extract(epoch FROM instant - (limited).tokens_at), 0))
);
