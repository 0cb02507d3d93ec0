"""Logs that no service wrote: a clean one, and ways to spoil it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.log import Record

START = 1_800_000_000.0


def at(seconds: float) -> float:
    return START + seconds


def said(seconds: float) -> str:
    """As the API writes it."""
    return (datetime.fromtimestamp(START, UTC) + timedelta(seconds=seconds)).isoformat()


class Forged:
    """A log to be filled by what happened to whom and when, in seconds from a start."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, what: str, **facts: Any) -> Record:
        record = {"n": len(self.records) + 1, "what": what, **facts}
        self.records.append(record)
        return record

    def push(self, token: str, *jobs: str | None, outcome: str = "yes", key: str | None = None) -> Record:
        return self.write(
            "push", token=token, key=key, outcome=outcome, via="a", jobs=list(jobs), sent=at(0), ended=at(0.1)
        )

    def handed(self, job: str, attempt: int = 1, when: float = 1.0, **facts: Any) -> Record:
        """To a worker, by a claim, with a lease of five seconds."""
        known = {
            "lease": f"lease-{job}-{attempt}",
            "since": said(when),
            "until": said(when + 5),
            "worker": "w",
            "kind": "claim",
            "stream": None,
            "via": "a",
            "parents": [],
            "sent": at(when - 0.1),
            "ended": at(when),
        }
        return self.write("handed", job=job, attempt=attempt, **(known | facts))

    def settle(self, what: str, job: str, attempt: int = 1, when: float = 2.0, **facts: Any) -> Record:
        """`complete`, `fail` or `beat`, acknowledged."""
        known = {
            "lease": f"lease-{job}-{attempt}",
            "worker": "w",
            "via": "a",
            "outcome": "yes",
            "status": 200,
            "sent": at(when),
            "ended": at(when + 0.1),
        }
        return self.write(what, job=job, attempt=attempt, **(known | facts))

    def found(self, job: str, token: str | None, attempts: int = 1, **facts: Any) -> Record:
        """Completed in its last attempt, unless it is said otherwise."""
        history: list[Record] = [{"event": "created"}]
        for attempt in range(1, attempts):
            history += [
                {"event": "claimed", "attempt": attempt},
                {"event": "failed", "attempt": attempt, "error": "on purpose", "will_retry": True},
            ]
        if attempts:
            history += [
                {"event": "claimed", "attempt": attempts},
                {"event": "completed", "attempt": attempts},
            ]
        known = {
            "status": "completed",
            "queue": "one",
            "payload": {"push": token, "i": 0} if token else {},
            "key": None,
            "result": {"lease": f"lease-{job}-{attempts}"},
            "error": None,
            "max_retries": 3,
            "workflow": None,
            "history": history,
        }
        return self.write("found", job=job, **(known | facts))

    def done(self, job: str, token: str, **facts: Any) -> Record:
        """A job that went well."""
        self.push(token, job)
        self.handed(job)
        self.settle("complete", job)
        return self.found(job, token, **facts)

    def cancelled(self, job: str, token: str, *, outcome: str = "yes") -> Record:
        """A job that was cancelled before it ran; returns the cancel."""
        self.push(token, job)
        cancel = self.write("cancel", job=job, outcome=outcome, status=204, sent=at(2), ended=at(2.1))
        history = [{"event": "created"}, {"event": "cancelled", "reason": "Cancelled"}]
        self.found(job, token, status="cancelled", result=None, history=history)
        return cancel

    def chain(self, first: str, second: str, token: str = "flow") -> Record:
        """A workflow of two steps that went well; returns its making."""
        made = self.write(
            "workflow",
            token=token,
            workflow="wf",
            steps={"step-0": [[], "all"], "step-1": [["step-0"], "all"]},
            jobs={"step-0": first, "step-1": second},
            outcome="yes",
            via="a",
            sent=at(0),
            ended=at(0.1),
        )
        for index, job in enumerate((first, second)):
            self.handed(job, when=1 + 2 * index, parents=["step-0"] if index else [])
            self.settle("complete", job, when=2 + 2 * index)
            self.found(job, token, payload={"push": token, "i": index}, workflow="wf")
        jobs = {"step-0": [first, "completed"], "step-1": [second, "completed"]}
        self.write("found workflow", workflow="wf", status="completed", jobs=jobs)
        return made

    def schedule(
        self, slots: list[float], *, policy: str = "last", late: float = 0.5, limit: int = 100
    ) -> Record:
        """One that fires every ten seconds from 0.5 to 45, and the runs of these slots; returns the runs."""
        self.write(
            "schedule",
            schedule="s",
            cron="*/10 * * * * *",
            policy=policy,
            limit=limit,
            sent=at(0.4),
            ended=at(0.5),
        )
        self.write("paused", schedule="s", outcome="yes", sent=at(45), ended=at(45.1))
        runs = []
        for number, slot in enumerate(slots):
            job = f"slot-{number}"
            times = {"planned_at": said(slot), "started_at": said(slot + late)}
            runs.append({"id": f"run-{number}", "job_id": job, "error_message": None, **times})
            self.handed(job, when=slot + 1)
            self.settle("complete", job, when=slot + 2)
            self.found(job, None, payload={"schedule": 0})
        return self.write("runs", schedule="s", runs=runs)

    def webhook(self) -> None:
        """Someone listens to what is completed."""
        self.write("webhook", webhook="wh", events=["job.completed"], sent=at(0), ended=at(0.1))
        self.write("waited", seconds=140.0)

    def called(self, job: str, delivery: str = "dlv", **facts: Any) -> Record:
        known = {
            "at": at(3),
            "event": "job.completed",
            "status": "completed",
            "is_signed": True,
            "accepted": True,
            "body": "same",
        }
        return self.write("called", about=job, delivery=delivery, **(known | facts))

    def request(self, status: int, took: float = 0.1, **facts: Any) -> Record:
        """One that was answered so, or not at all with status 0."""
        known = {"op": "push", "via": "a", "outcome": "unknown", "said": "", "retry_after": "1"}
        return self.write("request", status=status, sent=at(1), ended=at(1 + took), **(known | facts))


Forge = Callable[[Forged], object]
SPOILED: list[tuple[str, Forge]] = []


def breaks(rule: str) -> Callable[[Forge], Forge]:
    """A way to forge a log in which this rule is broken."""

    def keep(forge: Forge) -> Forge:
        SPOILED.append((rule, forge))
        return forge

    return keep
