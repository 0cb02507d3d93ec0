"""`spooled doctor`: a look at a whole installation."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from shared.command.exits import Exit
from shared.command.options import command as api_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.command.api import Api
    from shared.command.output import Output
    from shared.doctor.finding import Examined
    from shared.doctor.installation import Ask, HttpAnswer

AREAS = ("settings", "database", "redis", "timers", "clock", "service", "mail", "webhooks", "rotation")


@api_command("doctor")
@click.option("--only", type=click.Choice(AREAS), multiple=True, help="Look at this area alone; repeatable.")
@click.option(
    "--strict",
    is_flag=True,
    help="A warning counts as a failure, and so does a look at nothing: exit code 1.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0.1, 300),
    default=10.0,
    show_default=True,
    help="Seconds that a check may take.",
)
def command(api: Api, out: Output, *, only: tuple[str, ...], strict: bool, patience: float) -> int:
    """Look at a whole installation, and say what is wrong and how to mend it.

    It looks from where it runs: with the settings of the service (DATABASE_URL and the others) at settings,
    database, Redis, timers, clocks, mail and webhooks; without them at what the service tells over HTTP. What
    it cannot look at it skips, and says why. It changes nothing and shows no secret.

    \b
      spooled doctor                            everything
      spooled doctor --only timers              one area
      spooled doctor --strict --json            for a script
    """
    import asyncio

    found = asyncio.run(_examine(api, only, patience))
    counts = Counter(str(one.finding.level) for one in found)
    result = next((level for level in ("failed", "warning", "ok") if counts[level]), "skipped")
    is_failed = result == "failed" or (strict and result != "ok")
    if out.as_json:
        out.document(
            {
                "result": result,
                "counts": dict(counts),
                "checks": [_document(one) for one in found],
            }
        )
    else:
        _show(out, found)
        said = ", ".join(f"{counts[level]} {level}" for level in ("ok", "warning", "failed", "skipped"))
        out.note(f"{len(found)} checks: {said}.")
    return Exit.FAILED if is_failed else Exit.DONE


async def _examine(api: Api, only: Sequence[str], patience: float) -> list[Examined]:
    import httpx

    from shared.doctor.examine import AREAS as ALL
    from shared.doctor.examine import examine
    from shared.edge.installation import open_installation

    environment, timers = _here()
    async with (
        httpx.AsyncClient(**api.connection.settings()) as client,
        open_installation(
            environment,
            timers=timers,
            url=api.connection.url,
            ask=_asking(client),
            has_key=bool(api.connection.api_key),
        ) as installation,
    ):
        chosen = [area for area in ALL if not only or area.name in only]
        return await examine(installation, areas=chosen, seconds=patience)


def _here() -> tuple[Mapping[str, str], Mapping[str, int]]:
    """The settings, and the timers that are to run: without a checkout nobody knows these, or `make run`."""
    try:
        from functions.app import every_function
        from localstack.found import settings_of_run
    except ImportError:
        return os.environ, {}
    return settings_of_run(os.environ), {tick.name: tick.every_seconds for tick in every_function()[1]}


def _asking(client: Any) -> Ask:
    import httpx

    from shared.doctor.installation import HttpAnswer

    async def ask(path: str) -> HttpAnswer:
        try:
            answer = await client.get(path)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(str(error) or type(error).__name__) from error
        try:
            body = answer.json()
        except ValueError:
            body = None
        return HttpAnswer(answer.status_code, answer.headers, body)

    return ask


def _document(one: Examined) -> dict[str, Any]:
    finding = one.finding
    return {
        "area": one.area,
        "check": one.check,
        "level": str(finding.level),
        "found": finding.found,
        "advice": finding.advice or None,
        "command": finding.command or None,
        "seconds": round(one.seconds, 3),
    }


def _show(out: Output, found: Sequence[Examined]) -> None:
    rows = [
        (one.area, one.check, str(one.finding.level), one.finding.found)
        for before, one in zip([None, *found], found, strict=False)
        # The reason for which a whole area is skipped is told once.
        if before is None or (before.area, before.finding.found) != (one.area, one.finding.found)
    ]
    out.table(("AREA", "CHECK", "LEVEL", "FOUND"), rows)
    for one in found:
        if one.finding.command:
            out.say(f"{one.area} {one.check}: {one.finding.advice}")
            out.say(f"    {one.finding.command}")
