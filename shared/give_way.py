"""Where one request is much to do it is done piece by piece, so that others have their turn in between.

A process does one thing at a time: whoever came meanwhile would wait for a thousand jobs to be read.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
MANY = 100
"""So many jobs at once take about half a millisecond to read, to write out or to answer."""
MUCH = 16_384
"""So many bytes take about as long to be read."""


async def give_way() -> None:
    """Let all go first who can go on."""
    await asyncio.sleep(0)


async def each_of(items: Iterable[Item], do: Callable[[Item], Result]) -> list[Result]:
    """What `do` makes of each, in their order, and a pause after every hundred.

    Raises what `do` raises.
    """
    rest = iter(items)
    results = [do(item) for item in islice(rest, MANY)]
    while piece := [*islice(rest, MANY)]:
        await give_way()
        results += [do(item) for item in piece]
    return results
