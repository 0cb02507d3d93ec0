"""The kinds of acts: the right each takes, the jobs it applies to, the change of one job that it repeats."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import InvalidInputError
from shared.jobs.acts.request import ActRequest
from shared.jobs.cancel import cancel_within
from shared.jobs.children import wake_others
from shared.jobs.dead import delete_within
from shared.jobs.filtering import narrowed
from shared.jobs.move import move_within, wake_for_moved
from shared.jobs.priority import set_priorities_within, tell_marks
from shared.jobs.retry import RETRIED_STATES, retry_within, wake_for_retried
from shared.store import Row, Transaction
from shared.tenants.caller import Caller

Arguments = dict[str, Any]
Change = Callable[[Transaction, Caller, Sequence[int], Arguments, datetime], Awaitable[list[Row]]]
After = Callable[[Core, Caller, Arguments, Sequence[Row]], None]
_WAITING = ("pending", "scheduled")
_DELETED = ("failed", "deadletter", "cancelled")


@dataclass(frozen=True, slots=True)
class Kind:
    """right: the permission of the single act. applies_to: statuses. rule: why it does not apply to others.

    change: changes those of the jobs to which it applies, in a transaction, and returns their rows and
    perhaps others. after: wakes who waits, once that is committed. argument: the one that it needs.
    also_shown: statuses that a filter without one counts as skipped.
    """

    right: str
    applies_to: tuple[str, ...]
    rule: str
    change: Change
    after: After
    argument: str | None = None
    also_shown: tuple[str, ...] = ()

    def looked_at(self, request: ActRequest) -> tuple[str, ...]:
        """The statuses that a preview counts: those of the filter, else what the act is about.

        Of a cause only dead letters: to count no failed job takes a look at all of them.
        """
        if request.wanted.cause is not None:
            return ("deadletter",)
        return request.wanted.statuses or (*self.applies_to, *self.also_shown)

    def chosen(self, request: ActRequest) -> tuple[str, ...]:
        """The statuses of the jobs that the act changes."""
        return tuple(status for status in self.looked_at(request) if status in self.applies_to)


async def _retry(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], _: Arguments, now: datetime
) -> list[Row]:
    return await retry_within(transaction, caller, job_ids, now)


async def _cancel(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], _: Arguments, now: datetime
) -> list[Row]:
    return await cancel_within(transaction, caller, job_ids, "Cancelled", now)


async def _delete(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], _: Arguments, now: datetime
) -> list[Row]:
    del now
    return await delete_within(transaction, caller, job_ids, _DELETED)


async def _set_priority(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], arguments: Arguments, now: datetime
) -> list[Row]:
    return await set_priorities_within(transaction, caller, job_ids, arguments["priority"], now)


async def _move(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], arguments: Arguments, now: datetime
) -> list[Row]:
    return await move_within(transaction, caller, job_ids, arguments["queue_name"], now)


KINDS = {
    "retry": Kind(
        "jobs:write",
        RETRIED_STATES,
        "only failed and dead-lettered jobs can be retried",
        _retry,
        lambda core, caller, _, rows: wake_for_retried(core, caller, rows),
    ),
    "cancel": Kind(
        "jobs:delete",
        _WAITING,
        "only jobs that have not started can be cancelled; a running one is its worker's",
        _cancel,
        lambda core, caller, _, rows: wake_others(core, caller.org_id, rows),
        also_shown=("processing",),
    ),
    "delete": Kind(
        "jobs:delete",
        _DELETED,
        "only failed, dead-lettered and cancelled jobs can be deleted",
        _delete,
        lambda _core, _caller, _arguments, _rows: None,
    ),
    "set_priority": Kind(
        "jobs:write",
        _WAITING,
        "only jobs that have not started have a place in the order",
        _set_priority,
        lambda core, caller, _, rows: tell_marks(core, caller, rows),
        argument="priority",
        also_shown=("processing",),
    ),
    "move": Kind(
        "jobs:write",
        _WAITING,
        "only jobs that have not started can be moved",
        _move,
        lambda core, caller, arguments, rows: wake_for_moved(core, caller, arguments["queue_name"], rows),
        argument="queue_name",
        also_shown=("processing",),
    ),
}


def checked(caller: Caller, request: ActRequest) -> Kind:
    """The kind of an act that the caller may do now.

    Raises ForbiddenError without the right or for a queue that is not its own, InvalidInputError for
    what means nothing.
    """
    kind = KINDS[request.act]
    caller.require((kind.right,))
    if request.wanted.queue is not None:
        caller.require_queue(request.wanted.queue)
    narrowed(caller, request.wanted)
    if request.wanted.cause is not None and "deadletter" not in kind.applies_to:
        raise InvalidInputError.of_field("filter.cause", "only dead letters have one", "other_status")
    if kind.argument is not None and kind.argument not in request.arguments:
        raise InvalidInputError.of_field(
            f"arguments.{kind.argument}", f"is what {request.act} needs", "required"
        )
    if request.act == "move":
        target = request.arguments["queue_name"]
        caller.require_queue(target)
        if request.wanted.queue == target:
            raise InvalidInputError.of_field(
                "arguments.queue_name", "is the queue that the jobs are in", "same_queue"
            )
    return kind
