"""A gate between organizations, with time that stands still, and what came of those who asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.limits.fair import Fair, Leave

LARGE, SMALL = 1, 2


@dataclass
class World:
    """A gate of two places unless told otherwise."""

    places: int = 2
    most_in_line: int = 100
    most_under_way: int = 1_000
    time: float = 1000.0
    under_way: list[Any] = field(default_factory=list)
    tasks: dict[Any, asyncio.Task[None]] = field(default_factory=dict)
    over: dict[Any, asyncio.Event] = field(default_factory=dict)
    leave: dict[Any, Leave] = field(default_factory=dict)
    fails: set[Any] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.fair = Fair(
            places=self.places,
            most_under_way=self.most_under_way,
            most_in_line=self.most_in_line,
            clock=lambda: self.time,
        )

    async def come(self, org_id: int, *names: Any, cost: int = 1) -> None:
        """Requests of an organization come, in this order."""
        for name in names:
            self.over[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._request(org_id, name, cost))
            await settled()

    async def end(self, *names: Any) -> None:
        """What was under way is over."""
        for name in names:
            self.over[name].set()
            await self.tasks[name]
            await settled()

    async def close(self) -> None:
        """Refuse who stands in line, end what is under way, and hear of each refusal."""
        self.fair.close()
        for over in self.over.values():
            over.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def fail(self, name: Any) -> None:
        """What was under way has failed, since the database does not answer."""
        self.fails.add(name)
        with pytest.raises(UnavailableError):
            await self.end(name)
        await settled()

    async def _request(self, org_id: int, name: Any, cost: int) -> None:
        def keep(leave: Leave) -> None:
            self.leave[name] = leave

        with await self.fair.take(org_id, keep, cost=cost):
            self.under_way.append(name)
            await self.over[name].wait()
            self.under_way.remove(name)
            if name in self.fails:
                raise UnavailableError


async def settled() -> None:
    """What can go on without anybody's help has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until_turn(world: World, in_line: int) -> None:
    """Stops in the moment in which somebody is given a place and does not know of it yet."""
    for _ in range(10):
        if world.fair.in_line == in_line:
            return
        await asyncio.sleep(0)
    raise AssertionError(world.fair.in_line)


def numbers(count: int, prefix: str = "large") -> Sequence[str]:
    return [f"{prefix}-{number}" for number in range(count)]
