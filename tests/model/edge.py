"""What a job waits for: one other job, until that has ended in the way that was asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

ENOUGH = {
    "success": frozenset({"completed"}),
    "completion": frozenset({"completed", "deadletter", "cancelled"}),
    "failure": frozenset({"deadletter"}),
}


@dataclass(frozen=True)
class Edge:
    """outcome: `open`, `met`, `failed`, or `unneeded` where the parent did not end so, and well."""

    kind: str
    outcome: str = "open"

    def told(self, state: str, *, unneeded: bool) -> Self:
        """The parent has ended so; `unneeded` says that it was cancelled as nobody needed it."""
        if state in ENOUGH[self.kind]:
            return type(self)(self.kind, "met")
        return type(self)(self.kind, "unneeded" if unneeded or state == "completed" else "failed")

    def reopened(self) -> Self:
        """The parent, that had failed, runs again."""
        return type(self)(self.kind) if self.outcome == "failed" else self


def verdict(mode: str | None, edges: Collection[Edge]) -> str:
    """`ready`, `waiting`, or that it can never run: `doomed`, or `unneeded` where nothing went wrong."""
    outcomes = {edge.outcome for edge in edges}
    if mode == "any":
        still = "ready" if "met" in outcomes or not outcomes else "waiting" if "open" in outcomes else None
    else:
        still = None if outcomes & {"failed", "unneeded"} else "waiting" if "open" in outcomes else "ready"
    return still or ("doomed" if "failed" in outcomes else "unneeded")
