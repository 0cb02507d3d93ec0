"""What the client of a WebSocket asks to see: at first what its address says, then what it commands."""

from collections.abc import Collection
from dataclasses import replace

from shared.edge.streaming.selection import Selection
from shared.errors import InvalidInputError
from shared.tenants.caller import Caller
from shared.wire.live import Command

_MOST = 100


class Subscriptions:
    """The first `Subscribe` takes the place of the address; further ones add to it."""

    def __init__(self, of_address: Selection) -> None:
        self._of_address = of_address
        self._is_of_address = True
        self._held = {_key(of_address): of_address}

    def obey(self, command: Command, caller: Caller) -> Collection[Selection]:
        """Do what the client says and give what it sees then.

        Raises InvalidInputError for what is no command and for too many, ForbiddenError for a queue that the
        credential is not for.
        """
        wanted = replace(self._of_address, queue=command.queue, job_id=command.job_id)
        match command.cmd.lower():
            case "subscribe":
                self._add(wanted, caller)
            case "unsubscribe":
                self._held.pop(_key(wanted), None)
            case _:
                raise InvalidInputError.of_field("cmd", "is none of Subscribe, Unsubscribe, Ping", "enum")
        return list(self._held.values())

    def _add(self, wanted: Selection, caller: Caller) -> None:
        if wanted.queue is not None:
            caller.require_queue(wanted.queue)
        if self._is_of_address:
            self._is_of_address = False
            self._held.clear()
        if len(self._held) >= _MOST and _key(wanted) not in self._held:
            raise InvalidInputError.of_field(
                "cmd", f"has no more than {_MOST} subscriptions at a time", "limit"
            )
        self._held[_key(wanted)] = wanted


def _key(selection: Selection) -> tuple[str | None, str | None]:
    return selection.queue, selection.job_id
