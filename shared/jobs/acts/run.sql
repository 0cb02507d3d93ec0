-- find_due hot --
-- One act of each organization, the one whose last turn is longest ago; of these first who waits longest, so that
-- nobody waits for ever where a run has not time for all.
SELECT turn.*
FROM (
    SELECT DISTINCT ON (job_act.org_id) job_act.*
    FROM job_act
    WHERE job_act.status IN ('pending', 'running')
    ORDER BY job_act.org_id, job_act.turn_at, job_act.id
) AS turn
ORDER BY turn.turn_at, turn.id;

-- lock_act hot --
-- Whoever comes second skips what the first one is at, so two timers never do one chunk twice; what it has reached
-- is read under the lock.
SELECT job_act.reached_id
FROM job_act
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s AND job_act.status IN ('pending', 'running')
FOR UPDATE SKIP LOCKED;

-- advance_act hot --
-- In the transaction that changed the jobs. Jobs that were matched and never came changed before their turn; some
-- that were not may have come to be, such as running ones that were given back.
UPDATE job_act SET
    matched = greatest(
        job_act.matched,
        job_act.done + job_act.skipped + job_act.failed + %(done)s + %(skipped)s + %(failed)s
    ),
    done = job_act.done + %(done)s, failed = job_act.failed + %(failed)s,
    skipped = CASE
        WHEN %(is_last)s THEN greatest(
            job_act.skipped + %(skipped)s, job_act.matched - job_act.done - job_act.failed - %(done)s - %(failed)s
        )
        ELSE job_act.skipped + %(skipped)s
    END,
    reached_id = %(reached_id)s, turn_at = %(now)s, started_at = coalesce(job_act.started_at, %(now)s),
    status = CASE WHEN %(is_last)s THEN 'completed' ELSE 'running' END,
    finished_at = CASE WHEN %(is_last)s THEN %(now)s::timestamptz END
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s;

-- note_matched hot --
UPDATE job_act SET matched = %(matched)s, is_counted = true
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s AND NOT job_act.is_counted;

-- end_act hot --
UPDATE job_act SET status = 'failed', error = %(error)s, finished_at = %(now)s
WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s AND job_act.status IN ('pending', 'running');

-- postpone_act hot --
UPDATE job_act SET turn_at = %(now)s WHERE job_act.org_id = %(org_id)s AND job_act.id = %(id)s;
