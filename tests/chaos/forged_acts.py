"""Forged logs of acts on many jobs: what they touch, and what is said of them."""

from typing import Any

from tests.chaos.forged import Forged, at, said
from tests.chaos.log import Record

QUEUE = "bulk"


def acted(
    log: Forged,
    kind: str,
    *,
    since: float = 2,
    until: float = 4,
    done: int = 0,
    status: str = "completed",
    name: str = "act",
) -> Record:
    """An act that was confirmed and came to its end or was aborted; returns what it is in the end."""
    token = f"token-{name}-{since}"
    log.write(
        "preview",
        token=token,
        act=kind,
        filter={"queue_name": QUEUE},
        matched=done,
        sent=at(since - 0.5),
        ended=at(since - 0.4),
    )
    act = f"{name}-{since}"
    log.write("confirm", token=token, act=act, outcome="yes", sent=at(since), ended=at(since + 0.1))
    if status == "aborted":
        log.write("abort", act=act, outcome="yes", sent=at(until - 0.1), ended=at(until))
    log.write("act ended", act=act, status=status, sent=at(until), ended=at(until + 0.1))
    figures: dict[str, Any] = {"matched": done, "done": done, "skipped": 0, "failed": 0, "error": None}
    return log.write("found act", act=act, status=status, **figures)


def called_off(log: Forged, job: str, when: float = 3) -> Record:
    """A job that an act cancelled before it ran."""
    log.push(f"p-{job}", job)
    history = [
        {"event": "created", "at": said(0)},
        {"event": "cancelled", "at": said(when), "reason": "Cancelled"},
    ]
    return log.found(job, f"p-{job}", queue=QUEUE, status="cancelled", result=None, history=history)


def revived(log: Forged, job: str, when: float = 100.5) -> Record:
    """A job that died in its first attempt, was retried, and went well."""
    log.push(f"p-{job}", job)
    log.handed(job)
    log.settle("fail", job, no_retry=True)
    log.handed(job, when=when + 1, lease="second")
    log.settle("complete", job, when=when + 2, lease="second")
    history = [
        {"event": "created", "at": said(0)},
        {"event": "claimed", "at": said(1), "attempt": 1},
        {"event": "failed", "at": said(2), "attempt": 1, "error": "on purpose", "will_retry": False},
        {"event": "retried", "at": said(when)},
        {"event": "claimed", "at": said(when + 1), "attempt": 1},
        {"event": "completed", "at": said(when + 2), "attempt": 1},
    ]
    return log.found(job, f"p-{job}", queue=QUEUE, result={"lease": "second"}, history=history)
