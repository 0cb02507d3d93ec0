"""WebSocket: each event a message, and commands that choose among them."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.edge.body import parse_json
from shared.edge.respond import validated
from shared.edge.sending import common_headers
from shared.edge.streaming.line import Hear, Line
from shared.edge.streaming.notice import error_notice
from shared.errors import ForbiddenError, InvalidInputError, SpooledError, UnauthorizedError
from shared.live import LiveEvent, TooSlowError
from shared.live.translate import derived
from shared.wire.live import Command

_RESTARTS = 1012
_FAULT = 1011
_REASONS: dict[type[SpooledError], int] = {UnauthorizedError: 1008, ForbiddenError: 1008, TooSlowError: 1013}
_LONGEST_REASON = 100
_PING = "ping"


class SocketLine(Line):
    """A message is an event in JSON, with its `id` beside `type` and `data`."""

    async def open(self, position: str) -> None:  # noqa: ARG002 - who comes back names an event's id
        await self._send({"type": "websocket.accept", "headers": common_headers(self._scope)})

    async def listen(self, hear: Hear) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            try:
                command = _command(message)
                if command.cmd.lower() == _PING:
                    await self.send([derived("Ping", {"timestamp": self._clock()})])
                else:
                    hear(command)
            except SpooledError as error:
                await self.send([error_notice(error, self._clock())])

    async def send(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            self._handed += len(event.wire)
            await self._send({"type": "websocket.send", "text": _message(event)})

    async def beat(self, position: str) -> None:
        """Nothing: the server sends the pings of the protocol."""

    async def close(self, error: SpooledError | None, *, is_over: bool) -> None:  # noqa: ARG002 - its events do not end
        if error is None:
            await self._send({"type": "websocket.close", "code": _RESTARTS, "reason": "Service restarts"})
            return
        await self.send([error_notice(error, self._clock())])
        code = _REASONS.get(type(error), _FAULT)
        await self._send({"type": "websocket.close", "code": code, "reason": error.message[:_LONGEST_REASON]})


def _command(message: Mapping[str, Any]) -> Command:
    if message.get("text") is None:
        raise InvalidInputError("A command is text, not binary.")
    value = parse_json(message["text"].encode())
    if not isinstance(value, dict):
        raise InvalidInputError('A command is an object such as {"cmd": "Subscribe", "queue": "emails"}.')
    command: Command = validated(Command, value)
    return command


def _message(event: LiveEvent) -> str:
    text = event.wire.decode()
    return f'{text[:-1]},"id":"{event.id}"}}' if event.id else text
