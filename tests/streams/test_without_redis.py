"""Live events with `REDIS_URL=none`, over real sockets: this process, and a container beside it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest

from shared import ids
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store import Store
from tests.support.api import Tenant
from tests.support.container import SECRET, running_container, variables
from tests.support.live import until_settled
from tests.support.readers import PATIENCE_SECONDS, EventSource, Socket, connected, listening, reading
from tests.support.rpc import Rpc, rpc_client
from tests.support.run import Run

OF_THE_TABLE = re.compile(r"p[0-9]+-[0-9]+(\.[1-9])?")
LIVED = 11
OF_EACH = 15
Read = Callable[[Tenant], Any]


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """What both processes have."""
    return settings.model_copy(update={"redis_url": "none", "secret_key": SECRET})


@pytest.fixture(scope="module")
def container(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The other process: streams and gRPC."""
    with running_container(tmp_path_factory.mktemp("container"), variables(settings)) as run:
        yield run


@pytest.fixture
async def there(container: Run, org: Tenant) -> AsyncIterator[Tenant]:
    """The same organization, as the other process knows it."""
    async with httpx.AsyncClient(base_url=container.url, timeout=PATIENCE_SECONDS) as client:
        yield Tenant(client, org.key, org.org_id)


@pytest.fixture
async def rpc(container: Run, org: Tenant) -> AsyncIterator[Rpc]:
    """What the other process does."""
    async with rpc_client(container.grpc_address, org.key) as client:
        yield client


@asynccontextmanager
async def events_of(org: Tenant, last_event_id: str = "") -> AsyncIterator[EventSource]:
    async with reading(org, headers={"Last-Event-ID": last_event_id} if last_event_id else {}) as source:
        yield source


@asynccontextmanager
async def messages_of(org: Tenant, last_event_id: str = "") -> AsyncIterator[Socket]:
    query = f"&last_event_id={last_event_id}" if last_event_id else ""
    async with connected(org, query) as line:
        # A WebSocket is let in before its place is known to the client, which a Ping asks for.
        yield await line.settled() if not last_event_id else line


async def told(source: EventSource | Socket, count: int) -> list[dict[str, Any]]:
    """The next so many events, each with its id, whichever way they come."""
    if isinstance(source, Socket):
        return await source.told(count)
    return [{**frame.event, "id": frame.last_event_id} for frame in await source.told(count)]


BOTH = pytest.mark.parametrize("read", [events_of, messages_of], ids=["events", "websocket"])


async def live(org: Tenant) -> None:
    """Changes of several kinds, told as LIVED events."""
    job = await org.push(priority=3)
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {"result": {"zwei\u2028": [1, 2.5, None, "ü"]}})
    await org.bury()
    await org.post("/queues/emails/pause", {})
    await org.call("DELETE", f"/jobs/{(await org.push('other'))['id']}", 204)


def shape(value: Any) -> Any:
    """An event without what differs from one organization to the next."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return re.sub(r"\d", "9", re.sub(r"\bjob_\w+", "job", value))
    return 9 if type(value) is int else value


@BOTH
async def test_events_look_as_they_do_with_redis(
    org: Tenant, settings: Settings, redis_url: str, read: Read
) -> None:
    """The same changes are the same events with the same fields; only ids say where they come from."""
    core = await open_core(settings.model_copy(update={"redis_url": redis_url}))
    seen = []
    try:
        async with listening(core) as with_redis:
            for reader in (org, await with_redis.api.new_tenant()):
                async with read(reader) as source:
                    await live(reader)
                    seen.append(await told(source, LIVED))
    finally:
        await core.close()

    ids = [[event.pop("id") for event in events] for events in seen]
    assert [shape(event) for event in seen[0]] == [shape(event) for event in seen[1]]
    assert all(map(OF_THE_TABLE.fullmatch, ids[0]))
    assert not any(map(OF_THE_TABLE.fullmatch, ids[1]))
    assert len(set(ids[0])) == len(ids[0])


@BOTH
async def test_what_one_process_did_the_readers_of_the_other_see(
    org: Tenant, there: Tenant, rpc: Rpc, read: Read
) -> None:
    """A life of a job, in turns by the two of them, is the same events with the same ids in both."""
    async with read(org) as here, read(there) as beside:
        job = await org.push()
        taken = await rpc.call("Dequeue", queue_name="emails", worker_id="w1", batch_size=1)
        await org.post(f"/jobs/{job['id']}/complete", {"result": 7})
        await rpc.call("Enqueue", queue_name="payroll")
        seen = await asyncio.gather(told(here, 5), told(beside, 5))

    assert [one.id for one in taken.jobs] == [job["id"]]
    assert seen[0] == seen[1]
    assert [(event["type"], event["data"]["queue_name"]) for event in seen[0]] == [
        ("JobCreated", "emails"),
        ("JobStatusChange", "emails"),
        ("JobStatusChange", "emails"),
        ("JobCompleted", "emails"),
        ("JobCreated", "payroll"),
    ]


@BOTH
async def test_who_changes_between_processes_misses_and_repeats_nothing(
    org: Tenant, there: Tenant, rpc: Rpc, read: Read
) -> None:
    """Whoever comes back with the last id, to either of the two, goes on behind it while both make jobs."""
    made: list[str] = []

    async def make() -> None:
        for _ in range(OF_EACH):
            made.append((await org.push())["id"])
            made.append((await rpc.call("Enqueue", queue_name="emails")).job_id)

    seen: list[dict[str, Any]] = []
    async with read(there) as source:
        making = asyncio.create_task(make())
        seen += await told(source, 1)
    while len(seen) < 2 * OF_EACH:
        async with read((org, there)[len(seen) % 2], seen[-1]["id"]) as source:
            seen += await told(source, min(7, 2 * OF_EACH - len(seen)))
    await making

    assert [event["type"] for event in seen] == ["JobCreated"] * len(made)
    assert [event["data"]["job_id"] for event in seen] == made


async def test_who_saw_nothing_yet_and_comes_back_to_the_other_is_warned(
    org: Tenant, there: Tenant, settings: Settings
) -> None:
    """The id that a stream begins with is no event's, so the other cannot tell that nothing is missing."""
    async with reading(there) as source:
        await source.block()
    job = await org.push()
    # While an older transaction runs the other begins where this one did, and knows that nothing is missing.
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as database:
        await until_settled(database, ids.decode("org", org.org_id))
    async with reading(org, params={"last_event_id": source.last_event_id}) as source:
        lost, missed = await source.told(2)

    assert (lost.type, missed.event["data"].get("job_id")) == ("EventsLost", job["id"])


async def test_a_job_is_followed_to_its_end_in_the_other_process(
    org: Tenant, there: Tenant, rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stream closes when it has ended, wherever that was done, and so does one that comes back late."""
    monkeypatch.setattr("shared.edge.streaming.reader._ON_ITS_WAY_SECONDS", 0.1)
    job = await org.push()
    path = f"/events/jobs/{job['id']}"
    async with reading(there, path) as source:
        await source.next()
        await rpc.call("Dequeue", queue_name="emails", worker_id="w1", batch_size=1)
        await org.post(f"/jobs/{job['id']}/complete", {})
        frames = await source.rest()
    again = []
    for frame in (frames[0], frames[-1]):
        async with reading(org, path, headers={"Last-Event-ID": frame.last_event_id}) as source:
            again.append([frame.event["data"].get("new_status") for frame in await source.rest()])
        assert source.last_event_id == "end"

    assert [frame.event["data"].get("new_status") for frame in frames] == ["processing", "completed", None]
    assert again == [["completed", None], ["completed"]]


async def test_ten_readers_cost_what_one_costs(org: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process asks of the database goes by the clock and by what happens, not by who reads."""
    asked = 0
    round_trip = Store._round_trip

    async def counted(store: Store, *arguments: Any, **how: Any) -> Any:
        nonlocal asked
        asked += 1
        return await round_trip(store, *arguments, **how)

    monkeypatch.setattr(Store, "_round_trip", counted)
    for seconds in ("table._POLL_SECONDS", "hub._RENEW_SECONDS", "derived._HEALTH_SECONDS"):
        monkeypatch.setattr(f"shared.live.{seconds}", 0.1)
    costs = []
    for count in (1, 10):
        async with AsyncExitStack() as opened:
            sources = [await opened.enter_async_context(events_of(org)) for _ in range(count)]
            before = asked
            for _ in range(6):
                await org.push()
                await asyncio.gather(*(source.first("JobCreated") for source in sources))
                await asyncio.gather(*(source.first("SystemHealth") for source in sources))
            costs.append(asked - before)

    # One statement for each reader and turn would be tenfold.
    assert costs[1] < 2 * costs[0]
