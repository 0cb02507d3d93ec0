"""The timers of one machine: each runs again and again, as in the cloud between two starts."""

import asyncio
import logging
from collections.abc import Sequence

from shared.core import Core
from shared.edge.tick import Tick
from shared.errors import SpooledError

logger = logging.getLogger("spooled.timers")
BUDGET_SECONDS = 10.0


async def run_timers(core: Core, ticks: Sequence[Tick], pause_seconds: float | None = None) -> None:
    """Run every timer again and again, each at its own pace (or with `pause_seconds`), until cancelled."""
    await asyncio.gather(
        *(
            _run_again_and_again(core, tick, tick.pause_seconds if pause_seconds is None else pause_seconds)
            for tick in ticks
        )
    )


async def _run_again_and_again(core: Core, tick: Tick, pause_seconds: float) -> None:
    while True:
        try:
            await tick.run(core, BUDGET_SECONDS)
        except SpooledError as error:
            logger.warning("timer %s: %s", tick.name, error)
        except Exception:
            # The next run is soon, and what this one left undone is still due then.
            logger.exception("timer %s", tick.name)
        await asyncio.sleep(pause_seconds)
