"""A Lambda environment as a process: an invocation is a line of its input, its outcome one of its output."""

import asyncio
import json
import sys
from datetime import datetime
from types import SimpleNamespace

from shared.core import Core
from shared.edge import Call, Tick, route
from shared.edge.serverless import lambda_handler
from shared.edge.tick import Counts
from shared.errors import NotFoundError
from shared.store import SYSTEM, Query

ADD = Query("add", "INSERT INTO visit (outcome) VALUES (%(outcome)s)", hot=False)
NAP = Query("nap", "SELECT pg_sleep(60)", hot=False)
WRONG = Query("wrong", "SELECT 1 / 0", hot=False)


@route("POST", "/{outcome}", access="public", status=204)
async def visit(call: Call, outcome: str) -> None:
    """Write in a transaction, and end it as the path says."""
    await _write(call.core, outcome)


async def _tick(core: Core, _now: datetime, _budget: float) -> Counts:
    await _write(core, "broken")
    return {}


TICK = Tick("broken", 60, _tick)
HANDLER = lambda_handler(visit)


async def _write(core: Core, outcome: str) -> None:
    if outcome == "one":
        await core.store.fetch(SYSTEM, ADD, outcome=outcome)
        return
    async with core.store.transaction(SYSTEM) as transaction:
        await transaction.fetch(ADD, outcome=outcome)
        if outcome == "refused":
            raise NotFoundError
        if outcome == "broken":
            raise ZeroDivisionError
        if outcome == "wrong":
            await transaction.fetch(WRONG)
        if outcome == "late":
            async with asyncio.timeout(0.1):
                await transaction.fetch(NAP)
        if outcome == "slow":
            await transaction.fetch(NAP)
        if outcome == "held":
            await asyncio.sleep(60)


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(_outcome(line.strip()))}\n")
        sys.stdout.flush()


def _outcome(path: str) -> int | str:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 5_000, aws_request_id="1")
    if path != "tick":
        return int(HANDLER(_event(path), context)["statusCode"])
    try:
        TICK.handler({}, context)
    except ZeroDivisionError:
        return "raised"
    return "ran"


def _event(path: str) -> dict[str, object]:
    http = {"method": "POST", "path": f"/{path}", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    return {
        "version": "2.0",
        "routeKey": "POST /{outcome}",
        "rawPath": f"/{path}",
        "rawQueryString": "",
        "headers": {"host": "spooled"},
        "requestContext": {"http": http, "stage": "$default"},
        "isBase64Encoded": False,
    }


if __name__ == "__main__":
    main()
