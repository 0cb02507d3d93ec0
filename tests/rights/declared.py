"""Who may do what, as it was decided: `matrix.txt`, read. Nothing here asks the code under test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["in", 400, 401, 403]
TABLE = Path(__file__).with_name("matrix.txt")
WORDS = [
    *("jobs:read", "jobs:write", "jobs:delete", "queues:read", "queues:write", "queues:admin"),
    *("workers:read", "workers:write", "api-keys:read", "api-keys:write"),
    *("schedules:read", "schedules:write", "webhooks:read", "webhooks:write"),
    *("organization:read", "organization:admin", "users:read", "users:admin", "system:admin"),
]
"""Every permission that there is."""
KEPT_FROM_MEMBERS = {"users:admin", "organization:admin", "api-keys:write", "queues:admin"}
"""What owners and admins may do and members may not."""
WITHOUT_WORD = {"public", "any", "admin", "proof", "signature"}


@dataclass(frozen=True)
class Rule:
    """What was decided about one route, stream or method.

    rights: words of which one is enough, or one of WITHOUT_WORD. first_key: opens without a credential for an
        organization that was never used.
    held: the status for a key that is held to other queues than the things that the request names.
    stranger: the status for another organization's key.
    """

    operation: str
    rights: frozenset[str]
    first_key: bool
    held: tuple[int, ...]
    stranger: tuple[int, ...]

    def verdict(self, holds: frozenset[str] | None, *, is_admin: bool = False) -> Verdict:
        """What a credential gets that holds these permissions; None: it is no valid credential."""
        if "public" in self.rights:
            return "in"
        if "proof" in self.rights:
            return 401
        if "signature" in self.rights:
            return 400
        if "admin" in self.rights:
            return "in" if is_admin else 401
        if holds is None:
            return 401
        return "in" if "any" in self.rights or self.rights & holds else 403


def read_rules() -> dict[str, Rule]:
    """All rules by their operation: `GET /jobs`, `GET /events`, `QueueService/Enqueue`."""
    rules: dict[str, Rule] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        operation, rights, held, stranger = (cell.strip() for cell in line.split("|"))
        named = frozenset(rights.split())
        rule = Rule(
            operation, named - {"first-key"}, "first-key" in named, _statuses(held), _statuses(stranger)
        )
        assert rule.rights <= WITHOUT_WORD | set(WORDS), line
        assert operation not in rules, line
        rules[operation] = rule
    return rules


def _statuses(cell: str) -> tuple[int, ...]:
    return tuple(int(status) for status in cell.split("/")) if cell != "-" else ()
