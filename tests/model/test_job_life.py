"""The service and a model of it in plain Python live through the same histories and answer the same."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.model.drawing import Drawn, acts, moves, openings
from tests.model.history import Player, StandingClock
from tests.model.world import World
from tests.support.api import Api
from tests.support.effort import examples

T = TypeVar("T")


def joined(parts: tuple[list[Drawn], list[list[Drawn]]]) -> list[list[Drawn]]:
    """A history whose first acts have made something to act on."""
    opening, rest = parts
    return [[act] for act in opening] + rest


def usually(often: st.SearchStrategy[T], seldom: st.SearchStrategy[T], times: int) -> st.SearchStrategy[T]:
    """Of branches that are branches themselves `one_of` would make the small ones rare."""
    return st.sampled_from([often] * times + [seldom]).flatmap(lambda chosen: chosen)


alone = usually(acts(7), moves, times=6).map(lambda act: [act])
# A purge says how many it deleted and not which, so that what others do meanwhile cannot be told from it.
together = st.lists(acts(3, "purge_dead"), min_size=2, max_size=4)
one_by_one = st.tuples(openings, st.lists(alone, min_size=20, max_size=60)).map(joined)
at_once = st.tuples(openings, st.lists(usually(together, alone, times=2), min_size=10, max_size=30)).map(
    joined
)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(datetime.now(UTC))


@pytest.fixture
async def core(settings: Settings, own_url: str, clock: StandingClock) -> AsyncIterator[Core]:
    """Services whose timers see no other module's jobs."""
    opened = await open_core(settings.model_copy(update={"database_url": own_url}), clock)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """What was compared, which `pytest -s` shows."""
    counts: Counter[str] = Counter()
    yield counts
    print("", *(f"{count:9,} {name}" for name, count in sorted(counts.items())), sep="\n")  # noqa: T201 - asked for


async def lived(
    api: Api, core: Core, clock: StandingClock, tally: Counter[str], history: Sequence[Sequence[Drawn]]
) -> None:
    clock.now = datetime.now(UTC)
    player = Player(await api.new_tenant(), core, clock, World(clock.now), tally)
    await player.play(history)


@examples(20)
@given(history=one_by_one)
async def test_each_answer_is_the_models(
    api: Api, core: Core, clock: StandingClock, tally: Counter[str], history: list[list[Drawn]]
) -> None:
    """Whatever clients do one after the other, each answer is that of the model."""
    await lived(api, core, clock, tally, history)


@examples(20)
@given(history=at_once)
async def test_what_is_done_at_once_is_as_if_one_after_the_other(
    api: Api, core: Core, clock: StandingClock, tally: Counter[str], history: list[list[Drawn]]
) -> None:
    """Whatever clients do at once, some order of it makes each answer and what follows the model's."""
    await lived(api, core, clock, tally, history)
