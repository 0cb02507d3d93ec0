"""The checker finds each broken promise in a forged log, and nothing in one in which all are kept."""

import pytest

from tests.chaos import spoiled_acts, spoiled_ends, spoiled_jobs, spoiled_others
from tests.chaos.checker.verdict import judge
from tests.chaos.forged import SPOILED, Forge, Forged, at, said
from tests.chaos.forged_acts import acted, called_off, revived

assert spoiled_acts
assert spoiled_ends
assert spoiled_jobs
assert spoiled_others


@pytest.mark.parametrize(("rule", "forge"), SPOILED, ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_promise_is_found(rule: str, forge: Forge) -> None:
    """Each rule is broken by a log that breaks it, and the lines that show it are named."""
    log = Forged()
    forge(log)

    found = [violation for violation in judge(log.records).violations if violation.rule == rule]

    assert found, judge(log.records).violations
    assert all(0 < number <= len(log.records) for violation in found for number in violation.lines)
    assert all(violation.lines for violation in found)


def test_a_clean_log_has_no_violation() -> None:
    """What goes well, or may go either way, is no violation, though every check had a look at some."""
    log = Forged()
    log.webhook()
    log.done("well", "p")
    log.called("well")
    log.called("well")
    log.cancelled("cancelled", "c")
    log.push("lost", None, None, outcome="unknown")
    log.push("late", None, outcome="unknown", key="key-late")
    log.push("late", "late", key="key-late")
    log.handed("late")
    log.settle("fail", "late", outcome="unknown", no_retry=False)
    log.handed("late", attempt=2, when=4)
    log.settle("complete", "late", attempt=2, when=5, outcome="unknown", status=503)
    log.found("late", "late", attempts=2, key="key-late")
    log.called("late", "dlv-late")
    log.chain("one", "two")
    log.called("one", "dlv-one")
    log.called("two", "dlv-two")
    log.schedule([10, 20, 30, 40])
    for number in range(4):
        log.called(f"slot-{number}", f"dlv-slot-{number}")
    called_off(log, "off")
    acted(log, "cancel", done=1)
    revived(log, "back")
    acted(log, "retry", since=100, until=101, done=1)
    log.called("back", "dlv-back")
    log.request(503)
    log.request(409, outcome="no")
    log.write("stream", worker="w", sent=at(1), ended=at(2), ending="UNAVAILABLE", said="Socket closed")

    verdict = judge(log.records)

    assert verdict.violations == []
    assert all(verdict.looked_at.values()), verdict.looked_at


def test_a_key_may_be_won_by_a_request_that_came_later() -> None:
    """Of two requests with one key, sent at once, either makes the job, and both are told of it."""
    log = Forged()
    log.push("first", "job", key="key-first")
    log.push("second", "job", key="key-first")
    log.handed("job")
    log.settle("complete", "job")
    log.found("job", "second", key="key-first")

    assert judge(log.records).violations == []


def test_claims_that_postgres_lost_may_be_made_again() -> None:
    """An attempt is handed out a second time only where PostgreSQL died in between, or a stream ended."""
    log = Forged()
    log.push("p", "job")
    log.handed("job", lease="undone")
    log.handed("job", when=4)
    log.settle("complete", "job", when=5)
    log.found("job", "p")
    assert [found.rule for found in judge(log.records).violations] == ["in two hands"]

    log.write("fault", kind="kill", target="postgres", at=at(2), mended=at(3), planned=2.0, seconds=0.0)

    assert judge(log.records).violations == []


def test_what_a_stream_may_not_have_delivered_goes_back_when_it_ends() -> None:
    """An attempt that was claimed on a stream is handed out again once that has ended, and no sooner."""
    log = Forged()
    log.push("p", "job")
    log.handed("job", lease="unsent", stream=at(0))
    log.handed("job", when=4)
    log.settle("complete", "job", when=5)
    log.found("job", "p")
    log.write("stream", worker="w", sent=at(0), ended=at(4.5), ending="UNAVAILABLE", said="Socket closed")
    assert [found.rule for found in judge(log.records).violations] == ["in two hands"]

    log.records[-1]["ended"] = at(3)

    assert judge(log.records).violations == []


def test_an_act_that_was_aborted_may_leave_jobs_alone() -> None:
    """What it did until the abort was answered counts, and the rest is as it was."""
    log = Forged()
    called_off(log, "off")
    log.push("p", "kept")
    log.handed("kept", when=20)
    log.settle("complete", "kept", when=21)
    log.found("kept", "p", queue="bulk")
    for event in log.records[-1]["history"]:
        event["at"] = said(20)
    acted(log, "cancel", done=1, status="aborted")

    assert judge(log.records).violations == []


def test_a_slot_may_be_missed_while_nobody_is_there_for_a_minute() -> None:
    """By the policies `last` and `skip`, and by `all` if there were more than its limit."""
    for policy, limit in (("last", 100), ("skip", 100), ("all", 1)):
        log = Forged()
        log.schedule([10, 40], late=70, policy=policy, limit=limit)

        assert judge(log.records).violations == []
