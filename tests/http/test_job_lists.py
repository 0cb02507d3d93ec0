"""Lists of jobs and their filters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.clock import MovingClock


async def ids_of(org: Tenant, **params: Any) -> list[str]:
    return [job["id"] for job in await org.get("/jobs", params)]


async def test_each_status_lists_its_own_jobs(org: Tenant) -> None:
    """A job in each state is found under its status, alone and in a comma list, newest first."""
    dead = await org.bury()
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    gone = await org.push()
    await org.delete(f"/jobs/{gone['id']}")
    running = await org.push()
    await org.dequeue()
    pending = await org.push()
    scheduled = await org.push(delay_seconds=60)
    by_status = {
        "pending": pending,
        "scheduled": scheduled,
        "processing": running,
        "completed": done,
        "dead_letter": dead,
        "cancelled": gone,
    }

    for status, job in by_status.items():
        assert await ids_of(org, status=status) == [job["id"]], status
    assert await ids_of(org, status="failed") == []
    assert await ids_of(org, status="dead_letter,pending,deadletter") == [pending["id"], dead["id"]]
    assert len(await ids_of(org)) == 6


async def test_a_job_is_found_by_what_is_known_of_it(org: Tenant) -> None:
    """`q`, `job_type`, `tag` and a queue each find the job, in any case of letters where it says so."""
    job = await org.push("Invoices", payload={"job_type": "Send_Mail"}, tags={"vip": 1})
    listed = await org.push("other", payload=[1], tags=["vip", "eu"])

    both = [listed["id"], job["id"]]
    assert await ids_of(org, q="INVOI") == [job["id"]]
    assert await ids_of(org, q="send_m") == [job["id"]]
    assert await ids_of(org, q=job["id"].upper()) == [job["id"]]
    assert await ids_of(org, q="job_") == both
    assert await ids_of(org, q="%") == []
    assert await ids_of(org, job_type="Send_Mail") == [job["id"]]
    assert await ids_of(org, job_type="send_mail") == []
    assert await ids_of(org, tag="vip") == both
    assert await ids_of(org, tag="eu") == [listed["id"]]
    assert await ids_of(org, queue="other", tag="vip") == [listed["id"]]


async def test_created_after_is_inclusive_and_created_before_is_not(org: Tenant) -> None:
    """A job lies in the range that begins with its own creation, and not in the one that ends with it."""
    job = await org.push()

    assert await ids_of(org, created_after=job["created_at"]) == [job["id"]]
    assert await ids_of(org, created_before=job["created_at"]) == []
    later = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    assert await ids_of(org, created_before=later) == [job["id"]]
    assert await ids_of(org, created_after=later) == []
    assert await ids_of(org, created_after="1970-01-01T00:00:00Z", created_before="9999-12-31T23:59:59Z") == [
        job["id"]
    ]


async def test_the_order_can_be_chosen(org: Tenant) -> None:
    """Oldest first, or by priority; live and finished jobs in one order."""
    low, high = await org.push(priority=-5), await org.push(priority=5)
    dead = await org.bury("other", priority=1)

    assert await ids_of(org, order_dir="ASC") == [low["id"], high["id"], dead["id"]]
    assert await ids_of(org, order_by="priority") == [high["id"], dead["id"], low["id"]]
    assert await ids_of(org, order_by="completed_at", order_dir="asc") == [dead["id"], low["id"], high["id"]]


async def test_pages_follow_each_other_without_gap(org: Tenant) -> None:
    """Pages by limit and offset give each job once; `X-Has-More` is true on all but the last."""
    dead = [(await org.bury())["id"] for _ in range(2)]
    pushed = [(await org.push())["id"] for _ in range(3)]
    pages = [await org.raw("GET", "/jobs", params={"limit": 2, "offset": offset}) for offset in (0, 2, 4)]

    assert [job["id"] for page in pages for job in page.json()] == [*pushed[::-1], *dead[::-1]]
    assert [page.headers["x-has-more"] for page in pages] == ["true", "true", "false"]


@pytest.mark.parametrize("narrowed", [{}, {"queue": "emails"}], ids=str)
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_a_page_begins_behind_the_last_job_of_the_one_before(
    org: Tenant, narrowed: dict[str, str], order: str
) -> None:
    """`after` gives each job once in either order, with a queue and without, whatever is made in between."""
    jobs = [(await org.bury())["id"] for _ in range(2)] + [(await org.push())["id"] for _ in range(3)]
    wanted = jobs if order == "asc" else jobs[::-1]
    seen: list[str] = []
    for _ in range(3):
        behind = {"after": seen[-1]} if seen else {}
        seen += await ids_of(org, **narrowed, order_dir=order, limit=2, **behind)
        if order == "desc":
            await org.push()

    assert seen == wanted


@pytest.mark.parametrize(
    "params",
    [
        {"after": "job_nonsense"},
        {"after": "job_01k8x5q2m4c00", "order_by": "priority"},
        {"order_by": "payload"},
        {"order_dir": "sideways"},
        {"status": "lost"},
        {"offset": -1},
        {"q": "x" * 300},
    ],
    ids=str,
)
async def test_a_filter_that_means_nothing_is_refused(org: Tenant, params: dict[str, Any]) -> None:
    """A broken filter is a 400 that names the field."""
    answer = await org.get("/jobs", params, 400)

    assert next(iter(params)) in answer["message"]


async def test_the_dead_letter_list_shows_jobs_whole(org: Tenant, clock: MovingClock) -> None:
    """Dead jobs come with payload, tags and last error, of one queue when asked, and nothing else comes."""
    clock.advance(minutes=1)
    first = await org.bury(payload={"job_type": "mail"}, tags={"a": 1})
    second = await org.bury("other")
    await org.push()

    listed = await org.get("/jobs/dlq")
    (one,) = await org.get("/jobs/dlq", {"queue_name": "emails"})

    assert [job["id"] for job in listed] == [second["id"], first["id"]]
    assert one["id"] == first["id"]
    assert (one["payload"], one["tags"]) == ({"job_type": "mail"}, {"a": 1})
    assert (one["last_error"], one["job_type"], one["status"]) == ("broken", "mail", "deadletter")
