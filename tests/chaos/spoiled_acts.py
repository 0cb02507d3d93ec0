"""Logs in which a promise about acts on many jobs or about retried ones is broken, each by one rule."""

from tests.chaos.forged import Forged, at, breaks, said
from tests.chaos.forged_acts import acted, called_off, revived


@breaks("act lost")
def confirmed_and_gone(log: Forged) -> None:
    acted(log, "cancel")
    log.records.pop()


@breaks("act made twice")
def one_token_for_two_acts(log: Forged) -> None:
    acted(log, "cancel", name="one")
    acted(log, "cancel", name="two")
    for record in log.records:
        if "token" in record:
            record["token"] = "same"


@breaks("act of nobody")
def confirmed_by_nobody(log: Forged) -> None:
    acted(log, "cancel")
    log.records[1] |= {"act": None, "outcome": "no"}


@breaks("act not ended")
def goes_on_for_ever(log: Forged) -> None:
    acted(log, "cancel", status="running")


@breaks("act not ended")
def stopped_by_the_service(log: Forged) -> None:
    acted(log, "cancel", status="failed")["error"] = "Stopped"


@breaks("act not ended")
def goes_on_after_its_end(log: Forged) -> None:
    acted(log, "cancel")["status"] = "aborted"


@breaks("act counts wrong")
def counted_one_more(log: Forged) -> None:
    called_off(log, "off")
    acted(log, "cancel", done=2)


@breaks("act counts wrong")
def forgot_one(log: Forged) -> None:
    for job in ("one", "two"):
        revived(log, job)
    acted(log, "retry", since=100, until=101, done=1)


@breaks("act counts wrong")
def matched_more_than_it_saw(log: Forged) -> None:
    acted(log, "cancel")["matched"] = 3


@breaks("act counts wrong")
def refused_by_the_database(log: Forged) -> None:
    acted(log, "cancel")["failed"] = 1


@breaks("touched by nobody")
def cancelled_after_the_abort(log: Forged) -> None:
    called_off(log, "off", when=5)
    acted(log, "cancel", done=1, status="aborted")


@breaks("touched by nobody")
def cancelled_by_a_retry(log: Forged) -> None:
    called_off(log, "off")
    acted(log, "retry", done=1)


@breaks("touched by nobody")
def retried_before_it_was_confirmed(log: Forged) -> None:
    revived(log, "back")
    acted(log, "retry", since=101, until=103, done=1)


@breaks("cancelled by nobody")
def cancelled_when_no_act_was_at_it(log: Forged) -> None:
    called_off(log, "off", when=9)
    acted(log, "cancel")


@breaks("job left out")
def waited_and_was_passed_over(log: Forged) -> None:
    called_off(log, "off", when=9)
    acted(log, "cancel")
    acted(log, "cancel", since=8, until=10, done=1)


@breaks("job left out")
def dead_and_was_passed_over(log: Forged) -> None:
    revived(log, "back")
    acted(log, "retry", since=90, until=95)
    acted(log, "retry", since=100, until=101, done=1)


@breaks("run after cancel")
def handed_out_after_the_act(log: Forged) -> None:
    called_off(log, "off")
    acted(log, "cancel", done=1)
    log.handed("off", when=6)


@breaks("run after cancel")
def completed_after_the_act(log: Forged) -> None:
    called_off(log, "off")
    acted(log, "cancel", done=1)
    log.handed("off")
    log.settle("complete", "off", when=6)


@breaks("completion does not hold")
def cancelled_though_its_completion_was_acknowledged(log: Forged) -> None:
    called_off(log, "off")
    acted(log, "cancel", done=1)
    log.handed("off")
    log.settle("complete", "off", when=2)


@breaks("history")
def goes_on_after_its_death(log: Forged) -> None:
    del revived(log, "back")["history"][3]


@breaks("dead without a reason")
def died_with_attempts_left_before_it_was_retried(log: Forged) -> None:
    revived(log, "back")
    log.records[2]["no_retry"] = False


@breaks("dead without a reason")
def retried_alive(log: Forged) -> None:
    revived(log, "back")["history"].pop(2)


@breaks("failure does not hold")
def failure_of_a_life_that_is_forgotten(log: Forged) -> None:
    del revived(log, "back")["history"][1:4]


@breaks("half a completion")
def result_of_the_life_before(log: Forged) -> None:
    found = revived(log, "back")
    found["result"] = {"lease": "lease-back-1"}
    log.settle("complete", "back", outcome="unknown")


@breaks("run after completion")
def revived_after_its_completion(log: Forged) -> None:
    revived(log, "back")
    log.settle("complete", "back", when=2)


@breaks("in two hands")
def two_in_one_life(log: Forged) -> None:
    revived(log, "back")
    log.handed("back", when=102, lease="third")


@breaks("told twice")
def died_once_and_told_twice(log: Forged) -> None:
    _told_of_deaths(log, deliveries=2, deaths=1)


@breaks("event lost")
def died_twice_and_told_once(log: Forged) -> None:
    _told_of_deaths(log, deliveries=1, deaths=2)


def _told_of_deaths(log: Forged, *, deliveries: int, deaths: int) -> None:
    log.webhook()
    log.records[0]["events"] = ["job.deadlettered"]
    found = revived(log, "back")
    if deaths > 1:
        again = {"event": "failed", "at": said(102), "attempt": 1, "error": "on purpose", "will_retry": False}
        found |= {"status": "deadletter", "result": None, "history": [*found["history"][:-1], again]}
    for number in range(deliveries):
        log.called("back", f"dlv-{number}", event="job.deadlettered", at=at(3))
