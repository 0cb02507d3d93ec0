"""One reader of live events, from the moment it is let in until its line ends."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic

from shared.edge.streaming.admission import Admission
from shared.edge.streaming.line import Line
from shared.edge.streaming.selection import Selection, View
from shared.edge.streaming.subscriptions import Subscriptions
from shared.errors import FaultError, SpooledError, UnauthorizedError
from shared.live import LiveEvent, TooSlowError, Watch
from shared.live.position import Position
from shared.live.translate import derived
from shared.wire.live import Command

logger = logging.getLogger("spooled.edge")
_FAREWELL_SECONDS = 5.0
"""How long a line that ends may take for what is still to be said."""
_LONGEST_PIECE_SECONDS = 30.0
_MOST_STUCK_BEATS = 2
_ON_ITS_WAY_SECONDS = 2.0
"""How long the news of a change may take to this process."""


class Reader:
    """Who reads, what it is shown, and how far it is.

    request_id: what the log calls it.
    """

    def __init__(self, line: Line, watch: Watch, admitted: Admission, request_id: str) -> None:
        self._line = line
        self._watch = watch
        self._caller = admitted.caller
        self._admit_again = admitted.admit_again
        self._after = admitted.after
        self._request_id = request_id
        self._subscriptions = Subscriptions(admitted.selection)
        self._proven = watch.credentials_changed
        # What is no id names no place, and is never said back: it may hold lines that somebody made up.
        after = Position.read(admitted.after or "")
        self._position = watch.position if after is None else str(after)
        self._busy_since: float | None = None
        self._taken = 0
        self._stuck_beats = 0
        self._is_over = False
        self._error: SpooledError | None = None
        self._following: asyncio.Task[None] | None = None
        self._see([admitted.selection])
        line.when_server_ends(self.end)

    async def read(self) -> None:
        """Hand over what happens, until the line or the stream ends."""
        following = self._following = asyncio.create_task(self._follow())
        listening = asyncio.create_task(self._line.listen(self._hear))
        try:
            await asyncio.wait((following, listening), return_when=asyncio.FIRST_COMPLETED)
            is_gone = listening.done()
        finally:
            following.cancel()
            listening.cancel()
            outcomes = await asyncio.gather(following, listening, return_exceptions=True)
        for failure in outcomes:
            if isinstance(failure, OSError):
                is_gone = True
            elif isinstance(failure, Exception):
                is_gone = False
                self._error = self._error or self._told_of(failure)
        if not is_gone:
            await self._take_leave()

    def end(self, error: SpooledError | None = None) -> None:
        """End it; with an error the client is told which."""
        self._error = self._error or error
        if self._following is not None:
            self._following.cancel()

    def look_after(self, now: datetime, moment: float) -> None:
        """End it when its credential has expired, or when it takes too little; `moment` is of `monotonic`."""
        if self._caller.expires_at is not None and self._caller.expires_at <= now:
            self.end(UnauthorizedError("The credential of this stream has expired: come with a new one."))
        elif self._busy_since is not None and (
            self._watch.is_stale or moment - self._busy_since > _LONGEST_PIECE_SECONDS
        ):
            self.end(TooSlowError())

    async def beat(self) -> None:
        """Let the client hear that the line stands, unless it has something to hear already."""
        before, self._taken = self._taken, self._line.taken
        if self._line.is_clogged:
            self._stuck_beats = 0 if self._taken > before else self._stuck_beats + 1
            if self._stuck_beats >= _MOST_STUCK_BEATS:
                self.end(TooSlowError())
        elif self._busy_since is None:
            self._stuck_beats = 0
            with suppress(OSError):
                await self._line.beat(self._position)

    def _hear(self, command: Command) -> None:
        self._see(self._subscriptions.obey(command, self._caller))

    def _see(self, selections: Collection[Selection]) -> None:
        self._selections = selections
        self._view = View(self._caller, selections)
        self._watch.want_figures(self._view.figures())

    async def _follow(self) -> None:
        if self._after is None:
            await self._line.open(self._position)
            await self._show_present()
        else:
            await self._line.open("")
            await self._come_back(self._after)
        if not self._is_over:
            await self._hand_on(self._watch.follow())

    async def _come_back(self, after: str) -> None:
        """Hand over what was missed; when the end of what is followed lay before that, say how it stands."""
        await self._hand_on(self._watch.follow(after, 0))
        if self._is_over or not any(map(self._is_last, await self._present())):
            return
        # Or it was committed just now, and has not been heard of here yet.
        await self._hand_on(self._watch.follow(patience_seconds=_ON_ITS_WAY_SECONDS))
        if not self._is_over:
            await self._show_present()

    async def _hand_on(self, batches: AsyncGenerator[Sequence[LiveEvent], None]) -> None:
        async with aclosing(batches):
            async for batch in batches:
                if self._proven != self._watch.credentials_changed:
                    await self._prove()
                await self._hand_over(batch)
                if any(event.type == "EventsLost" for event in batch):
                    await self._show_present()
                if self._is_over:
                    return

    async def _hand_over(self, batch: Sequence[LiveEvent]) -> None:
        events = self._view.chosen(batch)
        last = next((place for place, event in enumerate(events, 1) if self._is_last(event)), None)
        if last is not None:
            events, self._is_over = events[:last], True
        if events:
            self._busy_since = monotonic()
            await self._line.send(events)
            self._busy_since = None
        self._position = next((event.id for event in reversed(batch) if event.id), self._position)

    def _is_last(self, event: LiveEvent) -> bool:
        return any(wanted.is_last is not None and wanted.is_last(event) for wanted in self._selections)

    async def _show_present(self) -> None:
        for event in await self._present():
            await self._hand_over([replace(event, id=self._position)])
            # Not told by its id, which may be that of a part of something else.
            self._is_over = self._is_over or self._is_last(event)

    async def _present(self) -> Sequence[LiveEvent]:
        """How that which is followed stands."""
        asking = [wanted.present for wanted in self._selections if wanted.present is not None]
        return [derived(*await ask(self._caller)) for ask in asking]

    async def _prove(self) -> None:
        self._proven = self._watch.credentials_changed
        self._caller = await self._admit_again()
        self._see(self._selections)

    async def _take_leave(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._line.close(self._error, is_over=self._is_over)
        except (OSError, TimeoutError):
            await self._line.cut()
        else:
            if self._line.is_clogged:
                asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self._line.abort)

    def _told_of(self, failure: Exception) -> SpooledError:
        """What the client hears of what went wrong; the log has the rest."""
        if isinstance(failure, SpooledError):
            return failure
        logger.error("stream %s failed", self._request_id, exc_info=failure)
        return FaultError(details={"request_id": self._request_id})
