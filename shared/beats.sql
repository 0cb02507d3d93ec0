-- note_beat hot --
-- Of two processes that run one timer the later run stands; one that failed moves no success.
INSERT INTO timer_beat AS known (name, every_seconds, begun_at, ended_at, succeeded_at, error)
VALUES (
    %(name)s, %(every_seconds)s, %(begun_at)s::timestamptz, %(ended_at)s::timestamptz,
    CASE WHEN %(error)s::text IS NULL THEN %(ended_at)s::timestamptz ELSE %(begun_at)s::timestamptz END, %(error)s::text
)
ON CONFLICT (name) DO UPDATE SET
    every_seconds = excluded.every_seconds, begun_at = excluded.begun_at, ended_at = excluded.ended_at,
    succeeded_at = CASE WHEN excluded.error IS NULL THEN excluded.succeeded_at ELSE known.succeeded_at END,
    error = excluded.error
WHERE known.ended_at <= excluded.ended_at;

-- read_beats --
SELECT timer_beat.name, timer_beat.every_seconds, timer_beat.begun_at, timer_beat.ended_at,
       timer_beat.succeeded_at, timer_beat.error
FROM timer_beat
ORDER BY timer_beat.name;
