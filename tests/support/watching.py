"""An organization that is watched, and what was told of it, as a test sees it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from shared import ids
from shared.core import Core
from shared.edge import opening
from shared.edge.opening import open_redis
from shared.edge.tick import Tick
from shared.events.channel import stream_of
from shared.settings import Settings
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.outbox import World
from tests.support.until import until

if TYPE_CHECKING:
    from shared.events.happening import Happening

Told = tuple[tuple[str, ...], Any]
"""The names of what happened, and its data."""

Story = Callable[[World], AsyncIterator[None]]
"""What happens: up to its `yield` nobody watches, from there on somebody does."""

WATCH = Query(
    "watch",
    "INSERT INTO watch (org_id, until, kept_until)"
    " SELECT %(org_id)s, soon.later, CASE WHEN %(kept)s THEN soon.later END"
    " FROM (SELECT %(now)s + interval '1 day' AS later) AS soon",
    hot=False,
)
KEPT = Query(
    "kept",
    "SELECT names, item FROM happening WHERE org_id = %(org_id)s ORDER BY xact, seq",
    hot=False,
)


async def watch(core: Core, org: Tenant, *, kept: bool = False) -> None:
    """From now on changes of the organization are told; `kept`: in the table."""
    await core.store.fetch(SYSTEM, WATCH, org_id=ids.decode("org", org.org_id), kept=kept, now=core.clock())


async def streamed(core: Core, org: Tenant) -> list[Told]:
    """Names and data of what stands in the organization's stream, once all of this process is out."""

    async def is_out() -> bool:
        return not core.wakeups.outgoing.has_more  # type: ignore[attr-defined]

    await until(is_out)
    async with open_redis(core.settings) as redis:
        entries = await redis.xrange(stream_of(ids.decode("org", org.org_id)))
    return [(tuple(orjson.loads(entry[b"n"])), orjson.loads(entry[b"d"])) for _, entry in entries]


async def kept(core: Core, org: Tenant) -> list[Told]:
    """The same of what is kept in the table."""
    rows = await core.store.fetch(SYSTEM, KEPT, org_id=ids.decode("org", org.org_id))
    return [(tuple(row["names"]), orjson.loads(orjson.dumps(row["item"]))) for row in rows]


async def open_frozen(settings: Settings) -> Core:
    """The services of a Lambda environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "read_settings", lambda **_: settings)
        return await opening.open_serverless_core()


async def run_tick(tick: Tick, core: Core) -> None:
    """One run of a timer, as the cloud starts it, with time enough for what all other tests left as well."""
    await replace(tick, once=True, _core=core)._run_for(60.0)


async def told_by(story: Story, world: World) -> list[Told]:
    """What the stream has of the part of a story that is watched; listeners in the process heard the same."""
    heard: list[Happening] = []
    telling = story(world)
    await anext(telling)
    await watch(world.core, world.org)
    leave = world.core.wakeups.outgoing.listen(heard.append)
    assert [step async for step in telling] == []
    leave()
    told = await streamed(world.core, world.org)
    own = [happening for happening in heard if happening.org_id == ids.decode("org", world.org.org_id)]
    assert told == [(happening.names, happening.item) for happening in own]
    return told
