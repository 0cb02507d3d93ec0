"""When claims begin at marks, where these stand, and when the front is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.marks import Key, Marks, QueueMarks, begin

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def key(seconds: float, job_id: int = 1) -> Key:
    return at(seconds), job_id


def slow(walked: int = 10_000, seen_at: float = 0, **first: Key) -> QueueMarks:
    """The marks of a queue that was just seen to be slow; priorities are named `p0`, `p5`."""
    marks = Marks(slow_at=1_000).of(1, "emails")
    marks.counted(walked)
    marks.look(at(seen_at))
    marks.seen({int(name[1:]): place for name, place in first.items()}, walked, at(seen_at))
    return marks


def row(priority: int, place: Key) -> dict[str, object]:
    return {"priority": priority, "run_at": place[0], "id": place[1]}


def test_a_quick_queue_is_counted_once_a_second() -> None:
    """While all is well claims begin at the front, and one a second counts."""
    marks = Marks(slow_at=1_000).of(1, "emails")

    counted = [marks.is_to_be_counted(at(tenth / 10)) for tenth in range(25)]
    marks.counted(999)

    assert [tenth for tenth, is_counted in enumerate(counted) if is_counted] == [0, 10, 20]
    assert (marks.is_slow, marks.are_known, marks.front_is_due(at(9))) == (False, False, False)


def test_a_count_that_said_nothing_is_made_up_for() -> None:
    """A claim that took nothing has no row to say what it walked over: the next one counts."""
    marks = Marks().of(1, "emails")

    assert marks.is_to_be_counted(at(0))
    marks.counted(None)

    assert marks.is_to_be_counted(at(0.1))


def test_a_slow_queue_has_marks_once_its_front_was_looked_at() -> None:
    """Until then claims begin at the front; each priority's mark is its first job, or now."""
    marks = Marks(slow_at=1_000).of(1, "emails")
    marks.counted(1_000)

    assert (marks.is_slow, marks.are_known, marks.front_is_due(at(0))) == (True, False, True)
    marks.look(at(0))
    assert (marks.front_is_due(at(5)), marks.are_known) == (False, False)
    marks.seen({0: key(-7, 3), 5: key(60, 4)}, 1_000, at(0))

    assert marks.starts() == {0: key(-7, 3), 5: (at(0), 0)}


def test_the_front_is_looked_at_each_second() -> None:
    """Whatever happens, and when the clock is set back."""
    marks = slow()

    due = [marks.front_is_due(at(second)) for second in (0, 0.5, 0.999, 1, 7, -1)]

    assert due == [False, False, False, True, True, True]
    assert marks.next_front == at(1)


@pytest.mark.parametrize(("walked", "rest"), [(1_000, 0.01), (50_000, 0.5), (100_000, 1), (9_000_000, 1)])
def test_who_finds_nothing_looks_at_the_front_as_often_as_that_can_be_afforded(
    walked: int, rest: float
) -> None:
    """The rest after a look grows with what it walked over, up to a second; a doubt is as good a reason."""
    found_nothing, doubted = slow(walked), slow(walked)
    doubted.arrived(None)

    for marks, is_empty in ((found_nothing, True), (doubted, False)):
        assert not marks.front_is_due(at(rest - 0.001), found_nothing=is_empty)
        assert marks.front_is_due(at(rest), found_nothing=is_empty)
    assert doubted.next_front == at(rest)


def test_the_front_is_quick_again() -> None:
    """A look that walks over little ends it; a claim that is under way changes nothing then."""
    marks = slow(p0=key(-5))
    started = marks.starts()
    marks.look(at(1))
    marks.seen({0: key(-4)}, 499, at(1))
    marks.claimed(started, [row(0, key(-3))])

    assert (marks.is_slow, marks.are_known, marks.starts()) == (False, False, {})
    assert not marks.front_is_due(at(5), found_nothing=True)


def test_a_failed_look_is_repeated() -> None:
    """Nothing is known by it, and the old marks are left."""
    marks = slow(p0=key(-5))
    marks.look(at(1))
    marks.not_seen()

    assert marks.front_is_due(at(1))
    assert marks.starts() == {0: key(-5)}


def test_a_mark_moves_with_what_is_claimed() -> None:
    """To the last job of each priority that the claim took; the others stay."""
    marks = slow(p0=key(-9), p3=key(-8), p5=key(-7))

    marks.claimed(marks.starts(), [row(5, key(-7)), row(5, key(-6)), row(3, key(-8, 2))])

    assert marks.starts() == {0: key(-9), 3: key(-8, 2), 5: key(-6)}


def test_a_claim_that_began_elsewhere_moves_no_mark() -> None:
    """Neither over what a look saw meanwhile nor over what came meanwhile: that would hide it."""
    marks = slow(p0=key(-9), p5=key(-9))
    started = marks.starts()
    marks.look(at(1))
    marks.seen({0: key(-30), 5: key(-9)}, 10_000, at(1))
    marks.arrived([(5, at(-20))])

    marks.claimed(started, [row(5, key(-2)), row(0, key(-2))])

    assert marks.starts() == {0: key(-30), 5: (at(-20), 0)}


def test_an_earlier_arrival_moves_the_mark_back() -> None:
    """To just where it is; a priority that is new begins with it, and a later one changes nothing."""
    marks = slow(p0=key(-9), p5=key(-9))

    marks.arrived([(0, at(-20)), (0, at(-10)), (5, at(-1)), (7, at(-1)), (-2, at(60))])

    assert marks.starts() == {0: (at(-20), 0), 5: key(-9), 7: (at(-1), 0), -2: (at(60), 0)}


def test_what_arrives_during_a_look_is_not_lost() -> None:
    """The look may have come before it."""
    marks = slow(p0=key(-9))
    marks.look(at(1))
    marks.arrived([(0, at(-20)), (7, at(0.5))])
    marks.arrived(None)
    marks.seen({0: key(-5)}, 10_000, at(1))

    assert marks.starts() == {0: (at(-20), 0), 7: (at(0.5), 0)}
    assert marks.next_front == at(1.1)


def test_a_priority_without_jobs_is_still_known() -> None:
    """Its next job, from whichever process, is found without a look at the front."""
    marks = slow(p0=key(-9), p5=key(-9))
    marks.look(at(1))
    marks.seen({0: key(-8)}, 10_000, at(1))

    assert marks.starts() == {0: key(-8), 5: (at(1), 0)}


def test_a_claim_begins_a_little_before_now_at_the_latest() -> None:
    """What is committed late within a tenth of a second is seen; priorities come highest first."""
    starts = {0: key(-50, 7), 5: (at(0), 0), -3: key(-0.05, 9)}

    assert begin(starts, at(0)) == {
        "mark_priorities": [5, 0, -3],
        "mark_run_ats": [at(-0.1), at(-50), at(-0.1)],
        "mark_ids": [0, 7, 0],
    }


def test_a_closed_queue_is_looked_at_again() -> None:
    """A paused queue shows nothing; what resumes it does not know where its jobs are."""
    marks = slow(p0=key(-9))
    marks.look(at(1))
    marks.closed()
    marks.arrived(None)

    assert marks.starts() == {0: key(-9)}
    assert not marks.front_is_due(at(1.05))
    assert marks.front_is_due(at(1.1))


def test_as_many_queues_as_may_are_remembered() -> None:
    """The one that was claimed from longest ago is dropped, and begins anew."""
    marks = Marks(slow_at=0, most_queues=2)
    for queue in ("a", "b", "a", "c"):
        one = marks.of(1, queue)
        one.counted(0)
        one.look(at(0))
        one.seen({}, 5, at(0))
    marks.arrived(1, "b", [(0, at(0))])

    assert len(marks) == 2
    assert marks.of(1, "a").are_known
    assert not marks.of(1, "b").are_known
    assert len(marks) == 1
