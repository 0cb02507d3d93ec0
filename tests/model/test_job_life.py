"""The service and a model of it in plain Python live through the same histories and answer the same."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.model.drawing import IN_WORKFLOWS, Drawn, acts, moves, openings, rushes, workflows
from tests.model.history import Player, StandingClock
from tests.model.world import World
from tests.support.api import Api, api_of
from tests.support.effort import examples

T = TypeVar("T")
History = list[list[Drawn]]
Lived = Callable[[History], Awaitable[None]]


def joined(parts: tuple[list[Drawn], list[History]]) -> History:
    """A history whose first acts have made something to act on."""
    opening, rest = parts
    return [[act] for act in opening] + [group for part in rest for group in part]


def usually(often: st.SearchStrategy[T], seldom: st.SearchStrategy[T], times: int) -> st.SearchStrategy[T]:
    """Of branches that are branches themselves `one_of` would make the small ones rare."""
    return st.sampled_from([often] * times + [seldom]).flatmap(lambda chosen: chosen)


alone = usually(acts(7), moves, times=6).map(lambda act: [[act]])
# A purge says how many it deleted and not which, so that what others do meanwhile cannot be told from it.
together = st.lists(acts(3, but=["purge_dead"]), min_size=2, max_size=4).map(lambda group: [group])
in_workflows = acts(4, of=IN_WORKFLOWS).map(lambda act: [[act]])
one_by_one = usually(
    st.tuples(openings, st.lists(alone, min_size=20, max_size=60)),
    st.tuples(workflows, st.lists(in_workflows, min_size=20, max_size=40)),
    times=1,
).map(joined)
groups = usually(together, usually(alone, rushes, times=2), times=2)
at_once = st.tuples(openings, st.lists(groups, min_size=10, max_size=30)).map(joined)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(datetime.now(UTC))


@pytest.fixture
async def cores(settings: Settings, own_url: str, clock: StandingClock) -> AsyncIterator[list[Core]]:
    """Services of two processes, whose timers see no other module's jobs."""
    async with AsyncExitStack() as opened:
        own = settings.model_copy(update={"database_url": own_url})
        both = [await open_core(own, clock) for _ in range(2)]
        for core in both:
            opened.push_async_callback(core.close)
        yield both


@pytest.fixture
async def apis(cores: list[Core]) -> AsyncIterator[list[Api]]:
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(api_of(core)) for core in cores]


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """What was compared, which `pytest -s` shows."""
    counts: Counter[str] = Counter()
    yield counts
    print("", *(f"{count:9,} {name}" for name, count in sorted(counts.items())), sep="\n")  # noqa: T201 - asked for


@pytest.fixture
def lived(apis: list[Api], cores: list[Core], clock: StandingClock, tally: Counter[str]) -> Lived:
    """Plays a history in an organization of its own."""

    async def play(history: History) -> None:
        clock.now = datetime.now(UTC)
        org = await apis[0].new_tenant()
        doors = [replace(org, client=api.client) for api in apis]
        await Player(doors, cores[-1], clock, World(clock.now), tally).play(history)

    return play


@examples(20)
@given(history=one_by_one)
async def test_each_answer_is_the_models(lived: Lived, history: History) -> None:
    """Whatever clients do one after the other, each answer is that of the model."""
    await lived(history)


@examples(20)
@given(history=at_once)
async def test_what_is_done_at_once_is_as_if_one_after_the_other(lived: Lived, history: History) -> None:
    """Whatever clients do at once, some order of it makes each answer and what follows the model's."""
    await lived(history)
