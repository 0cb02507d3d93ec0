"""The timer of acts: whose turn it is, and that nobody waits for another's act."""

from typing import Any

import pytest

from functions.ticks.acts import run_once as tick
from shared import ids
from shared.core import Core
from shared.jobs.acts import run
from shared.jobs.acts.choosing import QUERIES as CHOOSING
from shared.jobs.acts.choosing import Choice
from shared.settings import Settings
from shared.store import SYSTEM, Statement
from tests.support.acts import act_of, begin, bury_many
from tests.support.api import Tenant
from tests.support.clock import MovingClock

BUDGET = 20.0


@pytest.fixture
def settings(settings: Settings, own_url: str) -> Settings:
    """The timer takes what waits longest, of whatever test."""
    return settings.model_copy(update={"database_url": own_url})


async def test_organizations_take_turns(
    org: Tenant, other_org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small act is done while a large one of another organization is under way; so is one of the same."""
    monkeypatch.setattr(run, "CHUNK", 10)
    await bury_many(core, org, {"broken {}": 200})
    await bury_many(core, other_org, {"broken {}": 5})
    large = await begin(org, "retry")
    small = await begin(other_org, "retry")
    beside = await begin(org, "cancel", queue_name="none")
    ends: list[Any] = []
    acts = ((org, large), (other_org, small), (org, beside))
    do_chunk = run._do_chunk

    async def noting(*arguments: Any) -> Any:
        result = await do_chunk(*arguments)
        statuses = [(await act_of(who, act))["status"] for who, act in acts]
        ends.append(statuses)
        return result

    monkeypatch.setattr(run, "_do_chunk", noting)
    await tick.run_once(core, clock(), BUDGET)

    assert ends[3] == ["running", "completed", "completed"]
    assert ends[-1] == ["completed"] * 3


async def test_who_waits_longest_is_first(
    org: Tenant, other_org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Organizations come by their last turn, not by their age: a run without time for all leaves none out."""
    await begin(other_org, "retry")
    clock.advance(seconds=1)
    await begin(org, "retry")

    due = [
        ids.encode("org", row["org_id"]) for row in await core.store.fetch(SYSTEM, run.QUERIES["find_due"])
    ]

    assert [org_id for org_id in due if org_id in {org.org_id, other_org.org_id}] == [
        other_org.org_id,
        org.org_id,
    ]


async def test_what_cannot_be_counted_is_counted_once_a_run(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To count very many may take as long as a statement may: not before each chunk, as others wait."""
    await bury_many(core, org, {"broken {}": 3})
    monkeypatch.setattr("shared.jobs.acts.manage.COUNTED", 1)
    monkeypatch.setattr(run, "CHUNK", 1)
    act = await begin(org, "delete")
    counted: list[Choice] = []

    def broken(choice: Choice, *_: Any) -> Statement:
        counted.append(choice)
        return Statement(CHOOSING["count_jobs"].filled(counts="SELECT 'x', 1 / 0"), {})

    monkeypatch.setattr(Choice, "counting", broken)
    await tick.run_once(core, clock(), BUDGET)

    assert ((await act_of(org, act))["done"], len(counted)) == (3, 1)
