"""Logs in which a promise about workflows, schedules, webhooks or answers is broken, each by one rule."""

from tests.chaos.forged import Forged, at, breaks


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
def slot_left_out_of_the_most_recent_ones(log: Forged) -> None:
    log.schedule([10, 40], policy="all", late=90, limit=2)


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


@breaks("fault")
def internal_error(log: Forged) -> None:
    log.request(500)


@breaks("stream ended")
def stream_that_is_over(log: Forged) -> None:
    log.write("stream", worker="w", sent=at(1), ended=at(2), ending="", said="")


@breaks("no Retry-After")
def away_for_nobody_knows_how_long(log: Forged) -> None:
    log.request(503, retry_after=None)


@breaks("refused")
def unknown_key(log: Forged) -> None:
    log.request(401, outcome="no")


@breaks("no answer")
def forgotten(log: Forged) -> None:
    log.request(0, took=60)
