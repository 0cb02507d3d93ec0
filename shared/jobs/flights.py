"""Jobs in flight: which of them others settled, whose lease lapsed, whose reader lost its credential."""

import asyncio
import logging
from collections.abc import Sequence

from shared import ids
from shared.core import Core
from shared.errors import SpooledError
from shared.events.in_flight import Flight
from shared.store import SYSTEM, load_queries

QUERIES = load_queries(__file__)
logger = logging.getLogger("spooled.streams")
_LOOK_SECONDS = 1.0
_DOUBT_SECONDS = 30.0
_FOLLOW_SECONDS = 60.0
"""How long an organization is watched at least, once another process settled what was given out here."""


async def attend_streams(core: Core) -> None:
    """What the streams of a process need in the background, for ever."""
    await asyncio.gather(_attend_flights(core), _doubt_credentials(core))


async def _attend_flights(core: Core) -> None:
    """One look a second for all that is in flight here, and none while nothing is.

    Where other processes settle jobs of an organization, its events are followed: then it is known at once.
    """
    followers: dict[int, asyncio.Task[None]] = {}
    try:
        while True:
            await core.in_flight.doubtful(_LOOK_SECONDS)
            try:
                ended = await end_flights(core)
            except SpooledError as error:
                logger.warning("it is not known which jobs were settled elsewhere: %s", error)
                continue
            for org_id in {flight.org_id for flight in ended}:
                if core.settings.redis_is_used and (org_id not in followers or followers[org_id].done()):
                    followers[org_id] = asyncio.get_running_loop().create_task(_follow(core, org_id))
    finally:
        for follower in followers.values():
            follower.cancel()
        await asyncio.gather(*followers.values(), return_exceptions=True)


async def _doubt_credentials(core: Core) -> None:
    """Let streams see whether their credential has come to its end, or was changed where nobody tells."""
    while True:
        await asyncio.sleep(_DOUBT_SECONDS)
        if not core.wakeups.hears_others:
            core.key_cache.doubt()
        core.streams.stir()
        core.wakeups.stir()


async def end_flights(core: Core) -> Sequence[Flight]:
    """End the flights of jobs that are held no more under their lease, and return these."""
    flights = core.in_flight.flights()
    if not flights:
        return []
    rows = await core.store.fetch(
        SYSTEM,
        QUERIES["still_held"],
        org_ids=[flight.org_id for flight in flights],
        job_ids=[flight.job_id for flight in flights],
        lease_ids=[flight.lease_id for flight in flights],
        now=core.clock(),
    )
    held = {row["place"] - 1 for row in rows}
    ended = [flight for place, flight in enumerate(flights) if place not in held and not flight.is_over]
    for flight in ended:
        core.in_flight.end(flight)
    return ended


async def _follow(core: Core, org_id: int) -> None:
    """Doubt what is in flight whenever somebody tells of it, as long as jobs of the organization are."""
    doubting = asyncio.get_running_loop().create_task(_doubt_flights(core, org_id))
    try:
        while not doubting.done():
            await asyncio.wait({doubting}, timeout=_FOLLOW_SECONDS)
            if not core.in_flight.are_of(org_id):
                return
    finally:
        doubting.cancel()
        await asyncio.gather(doubting, return_exceptions=True)


async def _doubt_flights(core: Core, org_id: int) -> None:
    assert core.hub is not None
    async with core.hub.watching(org_id) as watch:
        async for events in watch.follow():
            for event in events:
                if event.job_id is not None:
                    core.in_flight.doubt(org_id, ids.decode("job", event.job_id))
