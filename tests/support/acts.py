"""Acts on many jobs, as a test says them, and dead letters in numbers."""

from typing import Any

import psycopg

from shared import ids
from shared.core import Core
from shared.jobs.cause import cause_of
from tests.support.api import Tenant


async def preview(org: Tenant, act: str, answers: int = 200, **body: Any) -> Any:
    """What an act would do; `body` has the filter's fields and `arguments`."""
    return await org.post("/jobs/acts/preview", _body(act, body), answers)


async def confirm(org: Tenant, act: str, token: str | None, answers: int = 202, **body: Any) -> Any:
    """The answer to a confirmation with a token."""
    return await org.post("/jobs/acts", _body(act, body) | {"token": token}, answers)


async def begin(org: Tenant, act: str, **body: Any) -> Any:
    """An act that was previewed and confirmed."""
    seen = await preview(org, act, **body)
    return await confirm(org, act, seen["token"], **body)


async def act_of(org: Tenant, act: Any) -> Any:
    """The act as it is by now."""
    return await org.get(f"/jobs/acts/{act['id']}")


def _body(act: str, body: dict[str, Any]) -> dict[str, Any]:
    arguments = body.get("arguments", {})
    return {"act": act, "filter": {k: v for k, v in body.items() if k != "arguments"}, "arguments": arguments}


async def bury_many(core: Core, org: Tenant, counts: dict[str, int], queue: str = "emails") -> None:
    """So many dead jobs of each error, numbered where it has `{}`."""
    errors = [error.format(number) for error, count in counts.items() for number in range(count)]
    async with await psycopg.AsyncConnection.connect(core.settings.database_url) as owner:
        await owner.execute("SET ROLE spooled_system")
        await owner.execute(
            "INSERT INTO job_archive (org_id, id, queue, state, priority, run_at, attempts, max_retries,"
            " timeout_seconds, payload, created_at, updated_at, finished_at, last_error, cause)"
            " SELECT %s, next_id(), %s, 'deadletter', 0, %s, 4, 3, 300, '{}', %s, %s, %s, error, cause"
            " FROM unnest(%s::text[], %s::bigint[]) AS dead(error, cause)",
            (
                ids.decode("org", org.org_id),
                queue,
                *[core.clock()] * 4,
                errors,
                [cause_of(error) for error in errors],
            ),
        )
