"""The log, sorted for the checks. Nothing here has seen the service: it knows what the lines say."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.chaos.log import Record

FINAL = {"completed", "deadletter", "cancelled"}


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept, and the lines of the log that show it."""

    rule: str
    text: str
    lines: tuple[int, ...]


def violation(rule: str, text: str, *shown: Record | None) -> Violation:
    """Shown by these records, as far as they are there."""
    return Violation(rule, text, tuple(record["n"] for record in shown if record))


class Facts:
    """The records by what they are, and by the job that they are about."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._of: dict[str, list[Record]] = defaultdict(list)
        self._of_job: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self.found: dict[str, Record] = {}
        for record in records:
            self._of[record["what"]].append(record)
            if record["what"] == "found":
                self.found[record["job"]] = record
            elif "job" in record:
                self._of_job[record["what"], record["job"]].append(record)

    def all(self, what: str) -> Sequence[Record]:
        """The records of a kind, in the order in which they were written."""
        return self._of.get(what, ())

    def about(self, what: str, job: str) -> Sequence[Record]:
        """Those of them that are about a job."""
        return self._of_job.get((what, job), ())

    def of_token(self, token: str) -> list[Record]:
        """The jobs that are there by what one producer sent, by the index in its request."""
        return self._by_token().get(token, [])

    def _by_token(self) -> dict[str, list[Record]]:
        if not hasattr(self, "_tokens"):
            self._tokens: dict[str, list[Record]] = defaultdict(list)
            for found in self.found.values():
                if "push" in found["payload"]:
                    self._tokens[found["payload"]["push"]].append(found)
        return self._tokens

    def acknowledged_at(self, found: Record) -> float:
        """When the producer of a job was first told that it is made; infinity if it never was."""
        return self._acknowledged().get(found["payload"].get("push"), float("inf"))

    def _acknowledged(self) -> dict[str | None, float]:
        if not hasattr(self, "_pushed"):
            self._pushed: dict[str | None, float] = {}
            for push in filter(holds, self.all("push")):
                self._pushed.setdefault(push["token"], push["ended"])
        return self._pushed

    def struck(self, names: Sequence[str], since: float, until: float) -> bool:
        """Whether one of these faults (`kill postgres`) happened in that time."""
        return any(
            f"{fault['kind']} {fault['target']}" in names
            and fault["at"] <= until
            and fault["mended"] >= since
            for fault in self.all("fault")
        )


def may_hold(record: Record) -> bool:
    """Whether the request was acknowledged, or nobody knows."""
    return record["outcome"] in {"yes", "unknown"}


def holds(record: Record) -> bool:
    return bool(record["outcome"] == "yes")


def instant(text: str) -> float:
    """Unix seconds of an instant as the API writes it."""
    return datetime.fromisoformat(text).timestamp()
