"""A look at an installation, as a test asks for it."""

from collections.abc import Mapping
from typing import Any

import httpx

from shared.doctor.examine import AREAS, examine
from shared.doctor.finding import Finding
from shared.doctor.installation import Ask, HttpAnswer
from shared.edge.installation import open_installation

TIMERS = {"leases": 60, "retention": 3600}


async def look(
    *areas: str,
    environment: Mapping[str, str],
    seconds: float = 10.0,
    url: str = "",
    key: str = "",
    **how: Any,
) -> dict[str, Finding]:
    """What the doctor finds in these areas, by check."""
    chosen = [area for area in AREAS if area.name in areas]
    ask = asker(url, key) if url else None
    async with open_installation(
        environment, **{"timers": TIMERS, "url": url, "ask": ask, "has_key": bool(key)} | how
    ) as installation:
        found = await examine(installation, areas=chosen, seconds=seconds)
    return {f"{one.area} {one.check}": one.finding for one in found}


def asker(url: str, key: str = "") -> Ask:
    """Asks a service over HTTP."""

    async def ask(path: str) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=5, verify=False) as client:
            try:
                answer = await client.get(path)
            except httpx.TransportError as error:
                raise OSError(str(error)) from error
        return HttpAnswer(answer.status_code, answer.headers, answer.json())

    return ask


def levels(found: Mapping[str, Finding]) -> dict[str, str]:
    """How each check ended."""
    return {name: str(finding.level) for name, finding in found.items()}
