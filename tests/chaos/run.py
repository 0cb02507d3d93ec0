"""One run: a plan, a world, a load, the final reads, and the verdict on the log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.checker.verdict import Verdict, judge
from tests.chaos.figures import summary
from tests.chaos.final import read_all, until_told
from tests.chaos.load.receiver import receiving
from tests.chaos.load.whole import Size, go_through, open_desk
from tests.chaos.log import Log, read_log
from tests.chaos.plan import Fault
from tests.chaos.world import living_world

MOST_SHOWN = 20


@dataclass(frozen=True)
class Result:
    """What was found, and the text that says so."""

    verdict: Verdict
    figures: str
    shown: str


async def run(
    folder: Path,
    seed: int,
    plan: Sequence[Fault],
    seconds: float,
    size: Size,
    told_seconds: float,
    *,
    durable: bool = True,
) -> Result:
    """Go through a plan in an empty folder, in which log and plan stay.

    told_seconds: how long the last webhooks are waited for. durable: as `living_world` has it.
    """
    (folder / "world").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps([fault.as_json() for fault in plan], indent=1))
    path = folder / "log.jsonl"
    with Log(path) as log:
        async with (
            living_world(folder / "world", durable=durable) as world,
            open_desk(world, log, seed) as desk,
            receiving(desk, size.events) as receiver,
        ):
            await go_through(world, desk, receiver, plan, seconds, size)
            await read_all(desk)
            await until_told(desk, told_seconds)
    return result_of(path, seed, plan)


def result_of(path: Path, seed: int, plan: Sequence[Fault]) -> Result:
    """The verdict on a log, read from its file as anybody could."""
    records = read_log(path)
    verdict = judge(records)
    lines = path.read_text().splitlines()
    shown = [
        "\n".join(
            [f"{found.rule}: {found.text}", *(f"  {number}: {lines[number - 1]}" for number in found.lines)]
        )
        for found in verdict.violations
    ]
    (path.parent / "violations.txt").write_text("\n".join(shown))
    return Result(verdict, summary(seed, plan, records, verdict), "\n".join(shown[:MOST_SHOWN]))
