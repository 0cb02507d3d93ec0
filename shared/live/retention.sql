-- forget_old_happenings hot --
-- Two timers at once do not wait for each other.
DELETE FROM happening
USING (
    SELECT old.org_id, old.xact, old.seq FROM happening AS old
    WHERE old.told_at < %(told_before)s::timestamptz
    ORDER BY old.told_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE happening.org_id = old.org_id AND happening.xact = old.xact AND happening.seq = old.seq
RETURNING 1;
