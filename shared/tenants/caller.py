"""Who is asking, and what that credential may do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.errors import ForbiddenError
from shared.limits.plans import PLANS, PlanLimits
from shared.store import Scope, tenant

PERMISSIONS = frozenset(
    {
        "jobs:read",
        "jobs:write",
        "jobs:delete",
        "queues:read",
        "queues:write",
        "queues:admin",
        "workers:read",
        "workers:write",
        "api-keys:read",
        "api-keys:write",
        "schedules:read",
        "schedules:write",
        "webhooks:read",
        "webhooks:write",
        "organization:read",
        "organization:admin",
        "users:read",
        "users:admin",
        "system:admin",
    }
)
Role = Literal["owner", "admin", "member"]
_KEPT_FROM_MEMBERS = {"users:admin", "organization:admin", "api-keys:write", "queues:admin"}


def rights_of(role: Role) -> frozenset[str] | None:
    """What a person may do in an organization; None: all of it."""
    return PERMISSIONS - _KEPT_FROM_MEMBERS if role == "member" else None


@dataclass(frozen=True, slots=True)
class Caller:
    """A valid credential: its organization, its rights (None: all of the organization's) and its queues.

    It stands for an API key or, with `user_id`, for a person who belongs to the organization; then there is
    no key.
    """

    org_id: int
    key_id: int
    user_id: int | None = None
    role: Role | None = None
    permissions: frozenset[str] | None = None
    queues: tuple[str, ...] | None = None
    rate_limit: int | None = None
    expires_at: datetime | None = None
    limits: PlanLimits = PLANS["enterprise"]

    @property
    def scope(self) -> Scope:
        return tenant(self.org_id)

    @property
    def queue_filter(self) -> list[str] | None:
        """The queues that this credential is held to, None for all."""
        return None if self.queues is None else list(self.queues)

    def may(self, *any_of: str) -> bool:
        """Whether the credential has one of these rights."""
        return self.permissions is None or not self.permissions.isdisjoint(any_of)

    def require(self, any_of: tuple[str, ...]) -> None:
        """Raise ForbiddenError unless the credential has one of these rights."""
        if not self.may(*any_of):
            raise ForbiddenError(f"This credential lacks the permission {' or '.join(any_of)}.")

    def may_use_queue(self, queue: str) -> bool:
        return self.queues is None or queue in self.queues

    def require_queue(self, queue: str) -> None:
        """Raise ForbiddenError when the key is held to other queues."""
        if not self.may_use_queue(queue):
            raise ForbiddenError(f"This API key is limited to other queues than {queue!r}.")

    def require_all_queues(self) -> None:
        """Raise ForbiddenError when the key is held to some queues: this concerns all of them."""
        if self.queues is not None:
            raise ForbiddenError("This API key is limited to some queues; this needs one that is not.")
