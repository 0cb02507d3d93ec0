"""The WebSocket: what happens as messages, and commands that choose among it."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.api import V1, Api, Tenant
from tests.support.readers import Listening, Socket, connected
from tests.support.until import until

GARBAGE = {
    "no JSON": "{nonsense",
    "no object": "[1, 2]",
    "null": "null",
    "no command": "{}",
    "an unknown command": '{"cmd": "Explode"}',
    "a command that is no text": '{"cmd": 7}',
    "a queue that is no name": '{"cmd": "Subscribe", "queue": "a b"}',
    "a queue that is no text": '{"cmd": "Subscribe", "queue": {"a": 1}}',
    "a NUL character": '{"cmd": "Subscribe", "queue": "\\u0000"}',
    "half a surrogate pair": '{"cmd": "Subscribe", "queue": "\\ud800"}',
    "depth": "[" * 30_000,
    "empty text": "",
    "a long number": '{"cmd": ' + "9" * 5_000 + "}",
}


async def closed(line: Socket) -> int | None:
    """The code with which the service ends it."""
    await asyncio.wait_for(line.line.wait_closed(), 20)
    return line.line.close_code


async def test_events_come_as_messages(org: Tenant) -> None:
    """Before any command all events of the organization are sent, as the streams have them, and their ids."""
    async with connected(org) as line:
        job = await org.push()
        await org.dequeue()
        created, changed = await line.told(2)

    assert created.keys() == {"type", "data", "id"}
    assert (created["type"], created["data"]["job_id"]) == ("JobCreated", job["id"])
    assert (changed["type"], changed["data"]["new_status"]) == ("JobStatusChange", "processing")
    assert created["id"] != changed["id"]


@pytest.mark.parametrize(("subscribe", "ping"), [("Subscribe", "Ping"), ("subscribe", "ping")])
async def test_commands_are_read_in_any_case(org: Tenant, subscribe: str, ping: str) -> None:
    """Clients spell the verbs in their own way; a Ping is answered, nothing else is."""
    async with connected(org) as line:
        await line.say(subscribe, queue="emails", job_id=None)
        await line.say(ping)
        answer = await line.first("Ping")
        await org.push("payroll")
        await org.push("emails")
        (created,) = await line.told(1)

    assert answer["data"]["timestamp"]
    assert created["data"]["queue_name"] == "emails"


async def test_subscriptions_add_up_and_end(org: Tenant) -> None:
    """The first takes the place of everything; each names a queue, a job, or both; null means no limit."""
    job = await org.push("c")
    async with connected(org) as line:
        await line.say("Subscribe", queue="a")
        await line.say("Subscribe", job_id=job["id"])
        await line.settled()
        for queue in ("b", "a"):
            await org.push(queue)
        await org.dequeue("c")
        both = await line.told(2)
        await line.say("Unsubscribe", queue="a")
        await line.settled()
        await org.push("a")
        await org.post(f"/jobs/{job['id']}/complete", {})
        one = await line.told(2)
        await line.say("Subscribe", queue=None, job_id=None)
        await line.settled()
        await org.push("d")
        (last,) = await line.told(1)

    assert [event["data"]["queue_name"] for event in [*both, *one, last]] == ["a", "c", "c", "c", "d"]


async def test_unsubscribing_from_everything_is_silence(org: Tenant) -> None:
    """Then only what is asked for again is sent."""
    async with connected(org) as line:
        await line.say("Unsubscribe", queue=None, job_id=None)
        await line.settled()
        await org.push("a")
        await line.say("Subscribe", queue="b")
        await line.settled()
        await org.push("b")
        (created,) = await line.told(1)

    assert created["data"]["queue_name"] == "b"


async def test_the_address_can_choose_too(org: Tenant) -> None:
    """`queue`, `job_id` and `events` in the query hold until a Subscribe; `events` after it too."""
    async with connected(org, "&queue=emails&events=job.created") as line:
        await org.push("payroll")
        await org.push("emails")
        await org.dequeue("emails")
        await line.settled()
        await line.say("Subscribe", queue="payroll")
        await line.settled()
        await org.dequeue("payroll")
        await org.push("payroll")
        messages = [await line.next() for _ in range(1)]

    assert [message["type"] for message in messages] == ["JobCreated"]


async def test_who_comes_back_misses_nothing(org: Tenant) -> None:
    """The id of the last message is where the next connection goes on."""
    async with connected(org) as line:
        await org.push("a")
        (seen,) = await line.told(1)
    await org.push("b")
    async with connected(org, f"&last_event_id={seen['id']}") as line:
        await org.push("c")
        missed, following = await line.told(2)

    assert [event["data"]["queue_name"] for event in (missed, following)] == ["b", "c"]


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_answered_and_changes_nothing(org: Tenant, garbage: str) -> None:
    """The client is told what is wrong, and what it sees stays what it was."""
    async with connected(org) as line:
        await line.line.send(garbage)
        error = await line.first("Error")
        await org.push()
        (created,) = await line.told(1)

    assert error["data"]["code"] == "VALIDATION_ERROR"
    assert error["data"]["message"]
    assert created["type"] == "JobCreated"


async def test_binary_is_answered_and_changes_nothing(org: Tenant) -> None:
    """Commands are text."""
    async with connected(org) as line:
        await line.line.send(b"\x00\xff")
        error = await line.first("Error")
        await line.settled()

    assert "binary" in error["data"]["message"]


async def test_a_message_that_is_too_large_ends_it(org: Tenant) -> None:
    """Up to 64 KB are read; more is refused with the code for that."""
    async with connected(org) as line:
        await line.line.send('{"cmd": "Ping", "x": "' + "a" * 65_000 + '"}')
        await line.first("Ping")
        await line.line.send("a" * 65_537)
        code = await closed(line)

    assert code == 1009


async def test_text_that_is_none_ends_it(org: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are not UTF-8 in a text message break the protocol; the log is not filled by it."""
    async with connected(org) as line:
        await line.line.send(b"\xff\xfe", text=True)
        code = await closed(line)

    assert code == 1007
    assert [record for record in caplog.records if record.exc_info] == []


async def test_subscriptions_are_bounded(org: Tenant) -> None:
    """A client cannot make the service hold more and more."""
    async with connected(org) as line:
        for number in range(101):
            await line.say("Subscribe", queue=f"q{number}")
        error = await line.first("Error")
        await org.push("q99")
        (created,) = await line.told(1)

    assert "100" in error["data"]["message"]
    assert created["data"]["queue_name"] == "q99"


async def test_a_queue_that_the_key_is_not_for_is_refused(org: Tenant) -> None:
    """In the address the upgrade is refused, as a command it is an Error."""
    narrow = await org.with_key(queues=["emails"])
    with pytest.raises(InvalidStatus) as refused:
        async with connected(narrow, "&queue=payroll"):
            pass
    async with connected(narrow) as line:
        await line.say("Subscribe", queue="payroll")
        error = await line.first("Error")

    assert refused.value.response.status_code == 403
    assert error["data"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("path", "rights", "status"),
    [
        ("/ws", None, 401),
        ("/ws?token=nonsense", None, 401),
        ("/ws", ["queues:read"], 403),
        ("/ws?events=Explosion", [], 400),
        ("/wss", [], 404),
        ("/jobs", [], 404),
        ("/events", [], 404),
    ],
)
async def test_an_upgrade_is_refused_as_an_ordinary_answer(
    org: Tenant,
    api: Api,
    path: str,
    rights: list[str] | None,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Clients see the status, and who looks at it the error in JSON; whoever tries does not fill the log."""
    caller: Api = api if rights is None else (await org.with_key(permissions=rights)) if rights else org
    headers = {"Authorization": f"Bearer {caller.key}"} if caller.key else {}
    url = str(api.client.base_url).replace("http", "ws", 1).rstrip("/") + V1 + path
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers=headers):
            pass

    response = refused.value.response
    said: dict[str, Any] = json.loads(response.body or b"")
    assert response.status_code == status
    assert said["error"] == said["message"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_the_header_is_good_too(org: Tenant, api: Api) -> None:
    """Clients that are no browsers may send the key as everywhere, and are told the request's id."""
    async with connected(api, additional_headers={"Authorization": f"Bearer {org.key}"}) as line:
        await org.push()
        await line.told(1)
        response = line.line.response

    assert response is not None
    assert response.headers["x-request-id"]


async def test_the_end_of_the_server_says_to_come_back(
    org: Tenant, service: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    """Close code 1012: the service restarts."""
    async with connected(org) as line:
        await line.settled()
        service.server.should_exit = True
        code = await closed(line)
        with pytest.raises(ConnectionClosed):
            await line.line.recv()

    assert code == 1012
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_client_that_left_is_forgotten(org: Tenant, service: Listening) -> None:
    """Nothing is held for who closed the connection, or whose connection broke."""
    async with connected(org), connected(org) as line:
        await line.settled()
        assert len(service.streaming.readers) == 2
        line.line.transport.abort()

        async def is_one() -> bool:
            return len(service.streaming.readers) == 1

        await until(is_one)

    async def are_gone() -> bool:
        return len(service.streaming.readers) == 0

    await until(are_gone)


async def test_a_request_that_cannot_be_read_is_refused_at_once(service: Listening, org: Tenant) -> None:
    """Whoever sends a header of 20 KB is told so, and is not left waiting with an open connection."""
    url = f"ws://127.0.0.1:{service.port}{V1}/ws?token={org.key}"

    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers={"X-Long": "a" * 20_000}, open_timeout=20):
            pass

    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["code"] == "VALIDATION_ERROR"
