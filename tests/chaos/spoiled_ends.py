"""Logs with histories, ends and times that cannot be, each by one rule."""

from tests.chaos.forged import Forged, breaks


@breaks("history")
def made_twice(log: Forged) -> None:
    log.done("job", "p")["history"].insert(1, {"event": "created"})


@breaks("history")
def completed_without_saying_so(log: Forged) -> None:
    del log.done("job", "p")["history"][-1]


@breaks("history")
def completed_and_ends_with_a_cancel(log: Forged) -> None:
    log.done("job", "p")["history"][-1] = {"event": "cancelled"}


@breaks("settled twice")
def failed_and_completed_by_one_lease(log: Forged) -> None:
    log.push("p", "job")
    log.handed("job")
    log.settle("fail", "job", no_retry=False)
    log.settle("complete", "job", when=3)
    failed = {"event": "failed", "attempt": 1, "error": "on purpose", "will_retry": True}
    log.found("job", "p")["history"].insert(2, failed)


@breaks("settled twice")
def completed_in_an_attempt_that_never_was(log: Forged) -> None:
    log.done("job", "p")["history"][-1]["attempt"] = 4


@breaks("workflow lost")
def steps_without_their_workflow(log: Forged) -> None:
    log.chain("one", "two")
    log.records.pop()


@breaks("workflow lost")
def workflow_that_forgot_a_step(log: Forged) -> None:
    log.chain("one", "two")
    del log.records[-1]["jobs"]["step-1"]


@breaks("slot early")
def fired_before_its_time(log: Forged) -> None:
    log.schedule([10, 20, 30, 40], late=-5)
