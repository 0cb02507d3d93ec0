"""Logs in which a promise about single jobs and requests is broken, each by one rule."""

from tests.chaos.forged import Forged, at, breaks, said


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
