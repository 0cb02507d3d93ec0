"""An organization that is watched, and what was told of it, as a test sees it."""

from typing import Any

import orjson

from shared import ids
from shared.core import Core
from shared.edge.opening import open_redis
from shared.events.outgoing import stream_of
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.until import until

WATCH = Query(
    "watch",
    "INSERT INTO watch (org_id, until, kept_until)"
    " SELECT %(org_id)s, soon.later, CASE WHEN %(kept)s THEN soon.later END"
    " FROM (SELECT %(now)s + interval '5 min' AS later) AS soon",
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


async def streamed(core: Core, org: Tenant) -> list[tuple[tuple[str, ...], Any]]:
    """Names and data of what stands in the organization's stream, once all of this process is out."""

    async def is_out() -> bool:
        return not core.wakeups.outgoing.has_more  # type: ignore[attr-defined]

    await until(is_out)
    async with open_redis(core.settings) as redis:
        entries = await redis.xrange(stream_of(ids.decode("org", org.org_id)))
    return [(tuple(orjson.loads(entry[b"n"])), orjson.loads(entry[b"d"])) for _, entry in entries]


async def kept(core: Core, org: Tenant) -> list[tuple[tuple[str, ...], Any]]:
    """The same of what is kept in the table."""
    rows = await core.store.fetch(SYSTEM, KEPT, org_id=ids.decode("org", org.org_id))
    return [(tuple(row["names"]), orjson.loads(orjson.dumps(row["item"]))) for row in rows]
