"""The checker finds each broken promise in a forged log, and nothing in one in which all are kept."""

from collections.abc import Callable

import pytest

from tests.chaos.checker.verdict import judge
from tests.chaos.forged import Forged, at, said

Forge = Callable[[Forged], object]
SPOILED: list[tuple[str, Forge]] = []


def breaks(rule: str) -> Callable[[Forge], Forge]:
    """A way to forge a log in which this rule is broken."""

    def keep(forge: Forge) -> Forge:
        SPOILED.append((rule, forge))
        return forge

    return keep


@breaks("job lost")
def acknowledged_and_gone(log: Forged) -> None:
    log.push("p", "gone")


@breaks("job lost")
def handed_out_and_gone(log: Forged) -> None:
    log.handed("gone")


@breaks("job lost")
def workflow_without_a_step(log: Forged) -> None:
    log.chain("one", "two")["jobs"]["step-2"] = "gone"


@breaks("job lost")
def slot_without_its_job(log: Forged) -> None:
    log.schedule([10, 20, 30, 40])["runs"][1]["job_id"] = "gone"


@breaks("job not made")
def acknowledged_without_an_id(log: Forged) -> None:
    log.push("p", None)


@breaks("job not ended")
def left_behind(log: Forged) -> None:
    log.push("p", "left")
    log.found("left", "p", attempts=0, status="pending", result=None)


@breaks("completion does not hold")
def completed_and_dead(log: Forged) -> None:
    found = log.done("job", "p")
    found["status"] = "deadletter"


@breaks("completion does not hold")
def result_of_another(log: Forged) -> None:
    found = log.done("job", "p")
    found["result"] = {"lease": "another"}


@breaks("failure does not hold")
def failure_without_a_trace(log: Forged) -> None:
    log.push("p", "job")
    log.handed("job")
    log.settle("fail", "job", no_retry=False)
    log.handed("job", attempt=2, when=3)
    log.settle("complete", "job", attempt=2, when=4)
    found = log.found("job", "p", attempts=2)
    found["history"][2]["error"] = "Lease expired"


@breaks("completed by nobody")
def refused_and_yet_completed(log: Forged) -> None:
    log.push("p", "job")
    log.handed("job")
    log.settle("complete", "job", outcome="no", status=409)
    log.found("job", "p")


@breaks("half a completion")
def attempt_of_another(log: Forged) -> None:
    log.done("job", "p", attempts=2, result={"lease": "lease-job-1"})


@breaks("dead without a reason")
def dead_with_attempts_left(log: Forged) -> None:
    log.push("p", "job")
    found = log.found("job", "p", status="deadletter", result=None)
    found["history"][-1] = {"event": "failed", "attempt": 1, "error": "Lease expired", "will_retry": False}


@breaks("cancelled by nobody")
def cancelled_unasked(log: Forged) -> None:
    log.cancelled("job", "p", outcome="no")


@breaks("history")
def tried_too_often(log: Forged) -> None:
    log.done("job", "p", max_retries=0, attempts=2, result={"lease": "lease-job-2"})


@breaks("history")
def goes_on_after_its_end(log: Forged) -> None:
    log.done("job", "p")["history"].append({"event": "claimed", "attempt": 2})


@breaks("history")
def attempt_left_out(log: Forged) -> None:
    del log.done("job", "p", attempts=3)["history"][3:5]


@breaks("completed twice")
def two_acknowledged_completions(log: Forged) -> None:
    log.done("job", "p")
    log.settle("complete", "job", when=9)


@breaks("run after completion")
def claimed_after_completion(log: Forged) -> None:
    log.done("job", "p")
    log.handed("job", when=9)


@breaks("run after completion")
def next_attempt_in_spite_of_completion(log: Forged) -> None:
    log.done("job", "p")
    log.handed("job", attempt=2, kind="stream", when=9)


@breaks("lease given twice")
def one_lease_for_two(log: Forged) -> None:
    log.done("job", "p")
    log.handed("job", worker="v")


@breaks("in two hands")
def next_attempt_before_the_lease_ended(log: Forged) -> None:
    log.push("p", "job")
    log.handed("job")
    log.handed("job", attempt=2, when=3)
    log.settle("complete", "job", attempt=2, when=4)
    log.found("job", "p", attempts=2)


@breaks("in two hands")
def same_attempt_twice(log: Forged) -> None:
    log.done("job", "p")
    log.handed("job", lease="another", when=1.5)


@breaks("in two hands")
def prolonged_and_given_away(log: Forged) -> None:
    log.push("p", "job")
    log.handed("job")
    log.settle("beat", "job", when=4, until=said(9))
    log.handed("job", attempt=2, when=7)
    log.settle("complete", "job", attempt=2, when=8)
    log.found("job", "p", attempts=2)


@breaks("key of two jobs")
def key_answered_with_two(log: Forged) -> None:
    log.done("job", "p")["key"] = "key-p"
    log.done("other", "q")
    for token, job in (("p", "job"), ("q", "other")):
        log.push(token, job, key="key-p")


@breaks("key of two jobs")
def key_in_two_jobs(log: Forged) -> None:
    for token in ("p", "q"):
        log.done(f"job-{token}", token)["key"] = "key"


@breaks("key of another job")
def key_answered_with_a_job_without_it(log: Forged) -> None:
    log.done("job", "p")
    log.push("q", "job", key="key-q")


@breaks("job lost")
def batch_acknowledged_and_not_made(log: Forged) -> None:
    for token in ("p", "q"):
        log.push(token, "job", "other", key="key-p-")
    for job, index in (("job", 0), ("other", 1)):
        log.handed(job)
        log.settle("complete", job)
        log.found(job, "p", payload={"push": "p", "i": index}, key=f"key-p-{index}")


@breaks("job made twice")
def sent_once_and_made_twice(log: Forged) -> None:
    log.done("job", "p")
    log.handed("copy")
    log.settle("complete", "copy")
    log.found("copy", "p")


@breaks("half a request")
def half_a_batch(log: Forged) -> None:
    log.push("p", None, None, outcome="unknown")
    log.handed("job")
    log.settle("complete", "job")
    log.found("job", "p")


@breaks("half a request")
def half_a_workflow(log: Forged) -> None:
    made = log.chain("one", "two")
    made |= {"outcome": "unknown", "jobs": {}}
    made["steps"] = made["steps"] | {"step-2": [[], "all"]}


@breaks("refused and made")
def refused_and_there(log: Forged) -> None:
    log.push("p", None, outcome="no")
    log.handed("job")
    log.settle("complete", "job")
    log.found("job", "p")


@breaks("job of nobody")
def pushed_by_nobody(log: Forged) -> None:
    log.handed("job")
    log.settle("complete", "job")
    log.found("job", "nobody")


@breaks("cancel does not hold")
def cancelled_and_completed(log: Forged) -> None:
    log.done("job", "p")
    log.write("cancel", job="job", outcome="yes", status=204, sent=at(0.2), ended=at(0.3))


@breaks("run after cancel")
def handed_out_after_cancel(log: Forged) -> None:
    log.cancelled("job", "p")
    log.handed("job", when=5)


@breaks("run after cancel")
def step_completed_after_cancel(log: Forged) -> None:
    log.chain("one", "two")
    times = {"sent": at(0.1), "ended": at(1.5)}
    log.write("cancelled workflow", workflow="wf", jobs=["one", "two"], outcome="yes", **times)


@breaks("before its parents")
def child_before_completion_was_sent(log: Forged) -> None:
    log.chain("one", "two")
    log.handed("two", when=1.5, lease="early", parents=["step-0"])


@breaks("before its parents")
def child_of_the_dead(log: Forged) -> None:
    log.chain("one", "two")
    for record in log.records:
        if record["what"] == "found" and record["job"] == "one":
            record["status"] = "deadletter"


@breaks("parents untold")
def child_without_results(log: Forged) -> None:
    log.chain("one", "two")
    for record in log.records:
        if record["what"] == "handed":
            record["parents"] = []


@breaks("workflow")
def workflow_of_another_end(log: Forged) -> None:
    log.chain("one", "two")
    log.records[-1]["status"] = "failed"


@breaks("slot missed")
def slot_left_out(log: Forged) -> None:
    log.schedule([10, 20, 40])


@breaks("slot missed")
def slot_left_out_in_spite_of_all(log: Forged) -> None:
    log.schedule([10, 40], policy="all", late=90)


@breaks("slot missed")
def never_fired(log: Forged) -> None:
    log.schedule([])
    log.records[1] |= {"sent": at(100), "ended": at(100)}


@breaks("slot twice")
def slot_fired_twice(log: Forged) -> None:
    log.schedule([10, 20, 20, 30, 40])


@breaks("slot twice")
def slot_with_two_jobs(log: Forged) -> None:
    log.schedule([10, 20, 30, 40])
    log.handed("more")
    log.settle("complete", "more")
    log.found("more", None, payload={"schedule": 0})


@breaks("slot of no cron")
def fired_in_between(log: Forged) -> None:
    log.schedule([10, 15, 20, 30, 40])


@breaks("event lost")
def never_told(log: Forged) -> None:
    log.webhook()
    log.done("job", "p")
    log.called("job", accepted=False)


@breaks("event late")
def waits_for_ever(log: Forged) -> None:
    log.webhook()
    log.done("job", "p")
    log.write("waiting", delivery="dlv", event="job.completed", about="job", attempts=1)


@breaks("told of nothing")
def told_of_what_was_not(log: Forged) -> None:
    log.webhook()
    log.cancelled("job", "p")
    log.called("job")


@breaks("told twice")
def two_deliveries(log: Forged) -> None:
    log.webhook()
    log.done("job", "p")
    log.called("job")
    log.called("job", "another")


@breaks("told otherwise")
def delivery_that_changed(log: Forged) -> None:
    log.webhook()
    log.done("job", "p")
    log.called("job")
    log.called("job", body="other")


@breaks("call unsigned")
def without_a_signature(log: Forged) -> None:
    log.webhook()
    log.done("job", "p")
    log.called("job", is_signed=False)


def _request(log: Forged, status: int, took: float = 0.1, **facts: object) -> None:
    known = {"op": "push", "via": "a", "outcome": "unknown", "said": "", "retry_after": "1"}
    log.write("request", status=status, sent=at(1), ended=at(1 + took), **(known | facts))


@breaks("fault")
def internal_error(log: Forged) -> None:
    _request(log, 500)


@breaks("stream ended")
def stream_that_is_over(log: Forged) -> None:
    log.write("stream", worker="w", sent=at(1), ended=at(2), ending="", said="")


@breaks("no Retry-After")
def away_for_nobody_knows_how_long(log: Forged) -> None:
    _request(log, 503, retry_after=None)


@breaks("refused")
def unknown_key(log: Forged) -> None:
    _request(log, 401, outcome="no")


@breaks("no answer")
def forgotten(log: Forged) -> None:
    _request(log, 0, took=60)


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
    _request(log, 503)
    _request(log, 409, outcome="no")
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


def test_a_slot_may_be_missed_while_nobody_is_there_for_a_minute() -> None:
    """By the policies `last` and `skip`; not by `all`."""
    log = Forged()
    log.schedule([10, 40], late=70)

    assert judge(log.records).violations == []
