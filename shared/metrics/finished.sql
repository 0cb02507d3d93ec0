-- lock_mark hot --
-- Of two timers the second waits here, and the statements after this one see what the first has counted.
SELECT FROM job_measure_mark WHERE is_only FOR UPDATE;

-- count_finished hot --
-- Each finished job once: of those that transactions wrote which had not all ended at the last count, and now
-- have. What commits late is later in that order, whatever its time says. `age` compares transactions as the
-- server does, past their wrap-around. Time only tells where to enter the index: as a job's time is that of its
-- request, it may lie before its transaction by `slack`. After a pause the count goes in steps of time.
-- A database that was restored elsewhere has smaller transactions than its mark, and begins anew.
WITH edge AS MATERIALIZED (
    SELECT age(least(mark.counted_before, seen.first_open)::xid) AS oldest_age,
           age(going.counts_before::xid) AS past_age,
           going.counts_before, going.since, seen.first_unborn,
           CASE WHEN going.since < statement_timestamp() - %(step)s::interval THEN going.since + %(step)s::interval
                ELSE 'infinity'
           END AS until,
           mark.counts_before IS NULL AS is_new,
           coalesce(mark.next_finished_since, CASE
               WHEN seen.first_open >= mark.seen_before
               THEN greatest(mark.finished_since, mark.seen_at - %(slack)s::interval)
               ELSE mark.finished_since
           END) AS next_finished_since
    FROM job_measure_mark AS mark
    CROSS JOIN (
        SELECT pg_snapshot_xmin(pg_current_snapshot()) AS first_open,
               pg_snapshot_xmax(pg_current_snapshot()) AS first_unborn
    ) AS seen
    CROSS JOIN LATERAL (
        SELECT least(mark.counts_before, seen.first_open) AS counts_before,
               coalesce(mark.counted_until, mark.finished_since) AS since
    ) AS going
    WHERE mark.is_only
),
counted AS MATERIALIZED (
    SELECT one.queue, one.state, one.wait_le, one.run_le, count(*) AS jobs,
           coalesce(sum(one.wait), 0) AS wait, coalesce(sum(one.run), 0) AS run
    FROM edge
    CROSS JOIN organization
    CROSS JOIN LATERAL (
        SELECT job_archive.queue, job_archive.state, measured.wait, measured.run,
               {{wait_le}} AS wait_le, {{run_le}} AS run_le
        FROM job_archive
        CROSS JOIN LATERAL (
            SELECT CASE WHEN ran.ever THEN greatest(
                       0, extract(epoch FROM job_archive.started_at - job_archive.run_at)
                   ) END::double precision AS wait,
                   CASE WHEN ran.ever THEN greatest(
                       0, extract(epoch FROM job_archive.finished_at - job_archive.started_at)
                   ) END::double precision AS run
            FROM (
                SELECT job_archive.state <> 'cancelled' AND job_archive.started_at IS NOT NULL AS ever
            ) AS ran
        ) AS measured
        WHERE job_archive.org_id = organization.org_id
          AND job_archive.finished_at >= edge.since AND job_archive.finished_at < edge.until
          AND age(job_archive.xmin) <= edge.oldest_age AND age(job_archive.xmin) > edge.past_age
          AND job_archive.never_ran IS NULL
    ) AS one
    GROUP BY one.queue, one.state, one.wait_le, one.run_le
),
named AS (
    INSERT INTO measured_queue (queue)
    SELECT counted.queue
    FROM counted
    WHERE counted.queue <> '{{other}}' AND NOT EXISTS (
        SELECT FROM measured_queue WHERE measured_queue.queue = counted.queue
    )
    GROUP BY counted.queue
    ORDER BY sum(counted.jobs) DESC, counted.queue
    LIMIT greatest(0, %(most)s::bigint - (SELECT count(*) FROM measured_queue))
    RETURNING queue
),
added AS MATERIALIZED (
    SELECT coalesce(known.queue, named.queue, '{{other}}') AS queue, part.what, part.le,
           sum(counted.jobs)::bigint AS jobs, sum(part.seconds) AS seconds
    FROM counted
    LEFT JOIN measured_queue AS known ON known.queue = counted.queue
    LEFT JOIN named ON named.queue = counted.queue
    CROSS JOIN LATERAL (
        VALUES (counted.state, 'infinity'::double precision, 0::double precision),
               ('wait', counted.wait_le, counted.wait), ('run', counted.run_le, counted.run)
    ) AS part(what, le, seconds)
    WHERE part.le IS NOT NULL
    GROUP BY 1, part.what, part.le
),
kept AS (
    INSERT INTO job_measure AS known (queue, what, le, jobs, seconds)
    SELECT added.queue, added.what, added.le, added.jobs, added.seconds
    FROM added
    ON CONFLICT (queue, what, le) DO UPDATE
    SET jobs = known.jobs + excluded.jobs, seconds = known.seconds + excluded.seconds
),
moved AS (
    UPDATE job_measure_mark AS mark SET
        counted_before = CASE WHEN edge.until = 'infinity' THEN edge.counts_before ELSE mark.counted_before END,
        finished_since = CASE WHEN edge.until = 'infinity' THEN edge.next_finished_since ELSE mark.finished_since END,
        counts_before = CASE WHEN edge.until < 'infinity' THEN edge.counts_before END,
        counted_until = CASE WHEN edge.until < 'infinity' THEN edge.until END,
        next_finished_since = CASE WHEN edge.until < 'infinity' THEN edge.next_finished_since END,
        seen_before = CASE WHEN edge.is_new THEN edge.first_unborn ELSE mark.seen_before END,
        seen_at = CASE WHEN edge.is_new THEN statement_timestamp() ELSE mark.seen_at END
    FROM edge
    WHERE mark.is_only
)
SELECT edge.until = 'infinity' AS is_whole, added.queue, added.what, added.le, added.jobs, added.seconds
FROM edge
LEFT JOIN added ON true;

-- bucket --
-- A fragment: the least bound that is not below a figure. Bounds are looked up upside down, as `width_bucket` puts
-- what is at a bound above it.
CASE WHEN measured.{{figure}} IS NOT NULL THEN coalesce(
    (%(bounds)s::double precision[])[
        cardinality(%(bounds)s::double precision[]) + 1
        - width_bucket(-measured.{{figure}}, %(bounds_down)s::double precision[])
    ],
    'infinity'
) END

-- name_waiting hot --
-- While there is room, queues in which jobs are and none has ended yet: those need to be seen most. One index probe
-- for each queue, until there are enough.
WITH RECURSIVE held AS (
    (SELECT job.org_id, job.queue FROM job WHERE job.org_id > 0 ORDER BY job.org_id, job.queue LIMIT 1)
    UNION ALL
    SELECT next.org_id, next.queue
    FROM held
    CROSS JOIN LATERAL (
        SELECT job.org_id, job.queue FROM job
        WHERE (job.org_id, job.queue) > (held.org_id, held.queue)
        ORDER BY job.org_id, job.queue
        LIMIT 1
    ) AS next
)
INSERT INTO measured_queue (queue)
SELECT held.queue FROM held
WHERE held.queue <> '{{other}}' AND NOT EXISTS (SELECT FROM measured_queue WHERE measured_queue.queue = held.queue)
LIMIT greatest(0, %(most)s::bigint - (SELECT count(*) FROM measured_queue))
ON CONFLICT DO NOTHING;

-- compare_queues --
-- Once in five minutes, as figures are counted: a queue that had more than twice the jobs of a named one in the last
-- hour takes its place. What that one had stays in the sum of all.
WITH due AS MATERIALIZED (
    UPDATE job_measure_mark SET compared_at = slot_of(statement_timestamp())
    WHERE is_only AND compared_at < slot_of(statement_timestamp())
    RETURNING compared_at - interval '1 hour' AS since
),
active AS MATERIALIZED (
    SELECT job_slot.queue, sum(job_slot.created + job_slot.completed + job_slot.failed) AS jobs
    FROM due
    JOIN job_slot ON job_slot.org_id > 0 AND job_slot.starts_at >= due.since
    GROUP BY job_slot.queue
),
weakest AS MATERIALIZED (
    SELECT measured_queue.queue, coalesce(active.jobs, 0) AS jobs,
           row_number() OVER (ORDER BY coalesce(active.jobs, 0), measured_queue.queue) AS place
    FROM due
    CROSS JOIN measured_queue
    LEFT JOIN active ON active.queue = measured_queue.queue
),
swapped AS MATERIALIZED (
    SELECT weakest.queue AS leaves, strongest.queue AS comes
    FROM weakest
    LEFT JOIN (
        SELECT active.queue, active.jobs, row_number() OVER (ORDER BY active.jobs DESC, active.queue)
                   + greatest(0, (SELECT count(*) FROM measured_queue) - %(most)s::bigint) AS place
        FROM active
        WHERE active.queue <> '{{other}}'
          AND NOT EXISTS (SELECT FROM measured_queue WHERE measured_queue.queue = active.queue)
    ) AS strongest ON strongest.place = weakest.place AND strongest.jobs > 2 * weakest.jobs
    WHERE strongest.queue IS NOT NULL
       OR weakest.place <= (SELECT count(*) FROM measured_queue) - %(most)s::bigint
),
gone AS (
    DELETE FROM measured_queue USING swapped WHERE measured_queue.queue = swapped.leaves
),
come AS (
    INSERT INTO measured_queue (queue) SELECT swapped.comes FROM swapped WHERE swapped.comes IS NOT NULL
),
taken AS (
    DELETE FROM job_measure USING swapped WHERE job_measure.queue = swapped.leaves
    RETURNING job_measure.what, job_measure.le, job_measure.jobs, job_measure.seconds
)
INSERT INTO job_measure AS known (queue, what, le, jobs, seconds)
SELECT '', taken.what, taken.le, sum(taken.jobs), sum(taken.seconds)
FROM taken
GROUP BY taken.what, taken.le
ON CONFLICT (queue, what, le) DO UPDATE
SET jobs = known.jobs + excluded.jobs, seconds = known.seconds + excluded.seconds;

-- read_measures --
-- Of all that is named and of the rest; under the name '' stands what was named once.
SELECT job_measure.queue, job_measure.what, job_measure.le, job_measure.jobs, job_measure.seconds FROM job_measure
UNION ALL
SELECT measured_queue.queue, NULL, NULL, 0, 0 FROM measured_queue;
