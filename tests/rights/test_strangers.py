"""What is another organization's, or in a queue that a key is not for, cannot be read, changed or guessed."""

from typing import Any

import httpx
import pytest

from shared.edge import Endpoint
from tests.rights.aimed import Aimed, aimed, naming_fields, value_of
from tests.rights.declared import read_rules
from tests.rights.estate import Estate
from tests.rights.operations import operation_of
from tests.rights.rows import Rows
from tests.support.api import Api, Tenant
from tests.support.routes import ENDPOINTS, by_name

RULES = read_rules()
CHECKED = [endpoint for endpoint in ENDPOINTS if endpoint.access in {"key", "optional"}]
HOME, BESIDE = "elsewhere", "beside"
PARTS = ("", "?include=history", "/history", "/dependencies", "/explain")
TOLD_BY_CONTRACT = {"POST /workers/register"}
"""Ids of workers are unique over all organizations, and who takes one that is taken is told so (409)."""
MOVES = ("watch", "happening", "audit_entry", "api_key")
"""Tables in which the reading of others, or the owner's own, leaves traces."""


def test_whatever_names_a_thing_is_aimed(estate: Estate) -> None:
    """A new field that names things is named in the requests here, or this fails."""
    for endpoint in CHECKED:
        for field in naming_fields(endpoint):
            assert value_of(field, endpoint, estate), (endpoint.operation_id, field)


async def test_the_owner_is_shown_what_the_others_are_not(estate: Estate) -> None:
    """The requests are good ones: to most of those that name a thing the owner gets an answer about it."""
    found = 0
    reads = [endpoint for endpoint in CHECKED if endpoint.method == "GET"]
    for endpoint in reads:
        answers = [await ask(estate.org, request) for request in aimed(endpoint, estate, HOME)]
        assert 200 in {answer.status_code for answer in answers}, endpoint.operation_id
        found += any(known in answer.text for answer in answers for known in estate.secrets)

    assert found > len(reads) * 0.8


async def ask(caller: Tenant, request: Aimed) -> httpx.Response:
    return await caller.raw(request.method, request.path, params=request.query, content=request.body or b"")


def leaked(answer: httpx.Response, named: str, estate: Estate) -> list[str]:
    """What an answer tells of the estate that the caller did not name."""
    return [known for known in estate.secrets if known in answer.text and known not in named]


@pytest.mark.parametrize("endpoint", CHECKED, ids=by_name)
async def test_another_organization_finds_nothing(
    estate: Estate, module_api: Api, rows: Rows, endpoint: Endpoint
) -> None:
    """The answer is that of things that are nowhere, it tells nothing, and nothing of the owner's changes."""
    stranger, other = await module_api.new_tenant(), await module_api.new_tenant()
    before = await rows.now(without=MOVES)
    statuses, told, guessed, named = set(), [], [], ""
    for request in aimed(endpoint, estate, HOME):
        answer = await ask(stranger, request)
        nowhere = await ask(other, request.twin(estate))
        statuses.add(answer.status_code)
        named += request.text
        told += leaked(answer, named, estate)
        if said(answer, estate) != said(nowhere, estate) and operation_of(endpoint) not in TOLD_BY_CONTRACT:
            guessed.append((request, answer.text, nowhere.text))

    assert told == []
    assert guessed == []
    assert await rows.now(without=MOVES) == before
    assert sorted(statuses) == sorted(RULES[operation_of(endpoint)].stranger)


def said(answer: httpx.Response, estate: Estate) -> Any:
    """Of an answer what a stranger could tell things by: of a good one the status alone."""
    if answer.is_success:
        return answer.status_code
    return answer.status_code, estate.plain(answer.text), answer.headers["content-type"]


@pytest.mark.parametrize("endpoint", CHECKED, ids=by_name)
async def test_a_key_for_another_queue_finds_nothing(estate: Estate, rows: Rows, endpoint: Endpoint) -> None:
    """A key that is held to queues is told nothing of others, and changes nothing there."""
    held = await estate.org.with_key(queues=[HOME])
    before = await rows.now(without=MOVES)
    statuses, told, guessed, named = set(), [], [], estate.named["org"]
    for request in aimed(endpoint, estate, HOME):
        answer = await ask(held, request)
        statuses.add(answer.status_code)
        named += request.text
        told += leaked(answer, named, estate)
        if answer.status_code == httpx.codes.NOT_FOUND:
            nowhere = await ask(held, request.twin(estate))
            if said(answer, estate) != said(nowhere, estate):
                guessed.append((request, answer.text, nowhere.text))
    after = await rows.now(without=MOVES)

    assert told == []
    assert guessed == []
    assert [row for row in before - after if HOME not in row] == []
    assert [row for row in after - before if any(known in row for known in estate.secrets)] == []
    assert sorted(statuses) == sorted(RULES[operation_of(endpoint)].held)


async def test_what_lies_beside_another_queue_tells_nothing_of_it(estate: Estate) -> None:
    """A worker, a job and a workflow that reach into another queue are shown without what they reach."""
    org, known = estate.org, estate.named
    held = await org.with_key(queues=[BESIDE])
    both = {"queue_names": [BESIDE, estate.queue], "hostname": "h", "worker_id": f"both-{BESIDE}"}
    await org.post("/workers/register", both, 201)
    child = await org.push(BESIDE, parent_job_id=known["running"])
    await org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [known["job"], known["later"]]})
    steps = [{"key": "a", "queue": BESIDE, "payload": {}}, {"key": "b", "queue": estate.queue, "payload": {}}]
    workflow = await org.post("/workflows", {"name": estate.mark, "jobs": steps}, 201)
    own_step = workflow["job_ids"][0]["job_id"]
    paths = [
        *("/workers", f"/workers/{both['worker_id']}", f"/workers/{both['worker_id']}/jobs"),
        *(f"/jobs/{job}{part}" for job in (child["id"], own_step) for part in PARTS),
        *(
            "/jobs",
            "/jobs?q=job",
            "/jobs/stats",
            "/dashboard",
            "/dashboard/activity",
            "/queues?include=stats",
        ),
        *("/workflows", "/schedules", "/jobs/acts", "/jobs/dlq", "/jobs/dlq/causes"),
    ]
    told = {}
    for path in paths:
        answer = await held.raw("GET", path)
        assert answer.status_code == 200, (path, answer.text)
        # The parent is a job's own field, as it was given: an id, behind which nothing is found.
        allowed = {known["org"], known["running"]}
        if found := [name for name in estate.secrets if name in answer.text and name not in allowed]:
            told[path] = found

    assert told == {}
