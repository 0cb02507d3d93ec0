"""What an operator sees and does: jobs, causes, gates, queues, schedules, workflows, workers, audit."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from shared.command.commands.workflows import tree
from shared.command.events import frames
from shared.command.exits import Exit
from tests.support.command import CommandLine, Ended


@pytest.fixture
def api(spooled: CommandLine) -> Iterator[httpx.Client]:
    """The organization's own requests."""
    headers = {"Authorization": f"Bearer {spooled.key}"}
    with httpx.Client(base_url=f"{spooled.url}/api/v1", headers=headers) as client:
        yield client


def push(spooled: CommandLine, queue: str, *options: str) -> str:
    return spooled("push", queue, "{}", *options).out.strip()


def bury(api: httpx.Client, queue: str, error: str) -> str:
    """A job that died of this."""
    job = api.post("/jobs", json={"queue": queue, "payload": {}}).json()
    api.post("/jobs/dequeue", json={"queue": queue, "worker_id": "w1"})
    api.post(f"/jobs/{job['id']}/fail", json={"error": error, "no_retry": True}).raise_for_status()
    return str(job["id"])


def cells(ended: Ended) -> list[list[str]]:
    """The rows of a table that went into a pipe, its head first."""
    return [line.split("\t") for line in ended.out.splitlines()]


def test_json_moves_no_cursor(spooled: CommandLine, api: httpx.Client) -> None:
    """What a job died of is in the JSON as it was, and a terminal that shows it obeys none of it."""
    error = "\x1b[2J \x9b2J \x7f ä"
    shown = spooled("jobs", "show", bury(api, "mails", error), "--json")

    assert shown.json["last_error"] == error
    assert shown.out.rstrip("\n").isprintable()


def test_more_jobs_than_are_counted(
    spooled: CommandLine, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that was not counted to the end is no consent: there may be ten times as many."""
    monkeypatch.setattr("shared.jobs.acts.manage.COUNTED", 2)
    died = [bury(api, "mails", "no such host") for _ in range(3)]
    refused = spooled("acts", "delete", "--queue", "mails", "--yes", "2")

    assert (refused.code, "2 or more" in refused.err) == (Exit.CONFLICT, True)
    assert [api.get(f"/jobs/{job}").status_code for job in died] == [200] * 3


def test_jobs_are_listed_page_after_page(spooled: CommandLine) -> None:
    """The newest come first, as many as are asked for, and what is printed leads to the next page."""
    pushed = [push(spooled, "mails", "--priority", "7") for _ in range(5)]
    push(spooled, "others")

    first = spooled("jobs", "--queue", "mails", "--limit", "3")
    mark = first.err.strip().rpartition(" ")[2]
    second = spooled("jobs", "list", "--queue", "mails", "--limit", "3", "--after", mark, "--json")

    head, *rows = cells(first)
    assert head == ["ID", "QUEUE", "STATUS", "ATTEMPT", "PRIORITY", "AGE", "ERROR"]
    assert [row[0] for row in rows] == pushed[:1:-1]
    assert rows[0][1:5] == ["mails", "pending", "0/4", "7"]
    assert [job["id"] for job in second.json] == pushed[1::-1]
    assert (second.err, spooled("jobs", "--status", "failed").err) == ("", "No such jobs.\n")


def test_a_job_is_shown_whole(spooled: CommandLine, api: httpx.Client) -> None:
    """Payload, error and all that happened to it; a payload cannot move the cursor."""
    job = api.post("/jobs", json={"queue": "mails", "payload": {"to": "a\u001b[2Jb"}}).json()["id"]
    api.post("/jobs/dequeue", json={"queue": "mails", "worker_id": "w1"})
    api.post(f"/jobs/{job}/fail", json={"error": "no\u001b route", "no_retry": True})

    shown = spooled("jobs", "show", job)

    assert shown.out.startswith(f"{job}  deadletter  attempt 1 of 4\n")
    assert "\x1b" not in shown.out
    assert all(word in shown.out for word in ('"to": "a', "no  route", "created", "claimed", "w1"))
    history = spooled("jobs", "show", job, "--json").json["history"]
    assert history[0]["event_type"] == "created"
    assert (
        spooled("jobs", "show", "job_0").code == spooled("jobs", "show", "../queues").code == Exit.NOT_FOUND
    )


def test_jobs_are_cancelled_and_retried_by_their_ids(spooled: CommandLine, api: httpx.Client) -> None:
    """Each is done whatever becomes of the others; one alone has the exit code of its own error."""
    dead, waiting = bury(api, "mails", "broken"), push(spooled, "mails")

    mixed = spooled("retry", dead, waiting, "--json")
    alone = spooled("retry", waiting)
    cancelled = spooled("jobs", "cancel", waiting, dead)
    unknown = spooled("jobs", "cancel", "job_0")

    assert (mixed.code, [done["id"] for done in mixed.json]) == (Exit.FAILED, [dead])
    assert waiting in mixed.err
    assert (alone.code, unknown.code) == (Exit.CONFLICT, Exit.NOT_FOUND)
    assert (cancelled.code, cancelled.out) == (Exit.DONE, f"{waiting} cancelled\n{dead} cancelled\n")


def test_a_job_is_explained(spooled: CommandLine) -> None:
    """The exit code tells whether the next claim takes it; each gate has a verdict and a reason."""
    ready, later = push(spooled, "mails"), push(spooled, "others", "--delay", "90m")

    runnable, held = spooled("explain", ready), spooled("explain", later)

    assert (runnable.code, held.code) == (Exit.DONE, Exit.HELD)
    gates = {row[0]: row[1:3] for row in cells(held) if len(row) == 4}
    assert gates["due"][0] == "hold"
    assert gates["due"][1].startswith("Not due for 1 h ")
    assert gates["paused"][0] == "pass"
    assert held.out.splitlines()[-1].startswith("Starts: unknown. ")
    assert spooled("explain", later, "--json").json["runnable"] is False


def test_dead_jobs_are_grouped_by_cause(spooled: CommandLine, api: httpx.Client) -> None:
    """The largest group first; its id chooses these jobs in the list."""
    dead = [bury(api, "mails", f"timeout after {n} s") for n in range(2)]
    bury(api, "others", "no such user")

    head, *rows = cells(spooled("dead"))
    of_cause = spooled("jobs", "--cause", rows[0][0], "--json").json

    assert head == ["CAUSE", "COUNT", "QUEUES", "FIRST", "LAST", "EXAMPLE", "ERROR"]
    assert [row[1:3] for row in rows] == [["2", "mails"], ["1", "others"]]
    assert {job["id"] for job in of_cause} == set(dead)
    assert [row[1] for row in cells(spooled("dead", "--queue", "others"))[1:]] == ["1"]


def test_queues_are_paused_resumed_and_limited(spooled: CommandLine) -> None:
    """What each does stands in one list; limits are set and lifted; what is paused says why."""
    push(spooled, "mails")
    spooled("queues", "set", "mails", "--concurrency", "5", "--rate", "10")
    spooled("queues", "pause", "mails", "--reason", "the mail server is down")
    head, paused = cells(spooled("queues"))
    shown = spooled("queues", "show", "mails").out
    spooled("queues", "set", "mails", "--concurrency", "none")
    resumed = spooled("queues", "resume", "mails")

    assert head == ["QUEUE", "STATE", "PENDING", "SCHEDULED", "RUNNING", "DEAD", "OLDEST", "LIMITS"]
    assert paused[:6] == ["mails", "paused", "1", "0", "0", "0"]
    assert paused[7] == "5 at once, 10/s"
    assert "the mail server is down" in shown
    assert resumed.out.startswith("mails resumed after ")
    assert cells(spooled("queues"))[1][1::6] == ["active", "10/s"]
    assert (
        spooled("queues", "set", "mails").code == spooled("queues", "set", "mails", "--rate", "0").code == 2
    )
    assert spooled("queues", "show", "nowhere").code == Exit.NOT_FOUND


def test_schedules_say_when_they_fire(spooled: CommandLine, api: httpx.Client) -> None:
    """By name or id, in the schedule's zone and another; paused, resumed and triggered by name."""
    made = {"queue": "reports", "cron_expression": "0 9 * * *", "payload": {}, "timezone": "Asia/Tokyo"}
    ids = [
        api.post("/schedules", json=made | {"name": name}).json()["id"]
        for name in ("daily", "twice", "twice")
    ]

    fires = cells(spooled("schedules", "next", "daily", "-n", "3", "--tz", "Europe/Vienna"))
    by_id = spooled("schedules", "next", ids[0], "-n", "3", "--json").json
    by_cron = cells(spooled("schedules", "next", "--cron", "0 9 * * *", "--tz", "Asia/Tokyo", "-n", "3"))
    paused = spooled("schedules", "pause", "daily")
    listed = {row[1]: row[5] for row in cells(spooled("schedules"))[1:]}
    resumed = spooled("schedules", "resume", "daily")
    job = spooled("schedules", "trigger", "daily").out.strip()

    assert fires[0] == ["IN", "Europe/Vienna", "Asia/Tokyo"]
    assert [row[2] for row in fires[1:]] == [
        f"{datetime.fromisoformat(fire['local_time']):%Y-%m-%d} 09:00:00 +0900" for fire in by_id
    ]
    assert all(row[1].endswith(("01:00:00 CET", "02:00:00 CEST")) for row in fires[1:])
    assert [row[2] for row in by_cron[1:]] == [row[2] for row in fires[1:]]
    assert (paused.out, listed["daily"]) == ("daily paused\n", "paused")
    assert resumed.out.startswith("daily fires next at 20")
    assert spooled("jobs", "show", job).code == Exit.DONE
    assert (spooled("schedules", "next", "never").code, spooled("schedules", "next").code) == (4, 2)
    assert spooled("schedules", "next", "twice").code == Exit.CONFLICT
    assert "is no zone" in spooled("schedules", "next", "daily", "--tz", "Vienna/").err


def test_a_workflow_is_a_tree_of_its_steps(spooled: CommandLine, api: httpx.Client) -> None:
    """What waits stands under what it waits for, a step with two parents once; watching ends with it."""
    steps: list[dict[str, Any]] = [
        {"key": key, "queue_name": "w", "payload": {}, "depends_on": parents}
        for key, parents in {
            "load": [],
            "left": ["load"],
            "right": ["load"],
            "join": ["left", "right"],
        }.items()
    ]
    made = api.post("/workflows", json={"name": "import", "jobs": steps}).json()["workflow_id"]

    shown = spooled("workflows", "show", made)
    for _ in steps:
        job = api.post("/jobs/dequeue", json={"queue": "w", "worker_id": "w1"}).json()
        api.post(f"/jobs/{job['id']}/complete", json={})
    watched = spooled("workflows", "show", made, "--watch")

    first, _, *rows = shown.out.splitlines()
    assert first == f"{made}  import  pending, 0 of 4 done, 0 failed"
    assert [row.split("\t")[0] for row in rows] == [
        "load", "├─ left", "│  └─ join", "└─ right", "   └─ join (above)"
    ]  # fmt: skip
    assert (watched.code, set(watched.out.split())) == (0, {"load", "left", "right", "join", "completed"})
    assert [row[:3] for row in cells(spooled("workflows"))[1:]] == [[made, "import", "completed"]]


def test_a_tree_of_many_roots() -> None:
    """Each root begins a tree; a diamond is told once."""
    edges = [("a", "c"), ("b", "c"), ("c", "d")]

    assert [*tree("abcd", edges)] == [
        ("", "a", False),
        ("└─ ", "c", False),
        ("   └─ ", "d", False),
        ("", "b", False),
        ("└─ ", "c", True),
    ]


def test_workers_are_listed(spooled: CommandLine, api: httpx.Client) -> None:
    """Who works where, and when each was heard of."""
    none = spooled("workers")
    api.post("/workers/register", json={"queue_name": "mails", "hostname": "web-1", "worker_id": "mails-1"})

    assert none.err == "No worker is registered.\n"
    assert cells(spooled("workers"))[1][:5] == ["mails-1", "web-1", "mails", "healthy", "0/5"]


def test_the_audit_log_says_who_did_what(spooled: CommandLine) -> None:
    """An act is in it with its outcome, and is found by its kind and time."""
    push(spooled, "mails")
    spooled("queues", "pause", "mails", "--reason", "maintenance")

    (entry,) = cells(spooled("audit", "--act", "queues.pause", "--since", "5m"))[1:]

    assert entry[2:5] == ["queues.pause", "mails", "done"]
    assert entry[6] == "reason: maintenance"
    assert spooled("audit", "--until", "1h", "--json").json == []


def test_an_act_is_looked_at_and_agreed_to(spooled: CommandLine, api: httpx.Client) -> None:
    """Nothing is changed without an answer, the number that was expected, or the token of the preview."""
    dead = [bury(api, "mails", "broken") for _ in range(3)]
    chosen = ("--queue", "mails", "--status", "deadletter")

    nobody = spooled("acts", "retry", *chosen)
    wrong = spooled("acts", "retry", *chosen, "--yes", "2")
    none = spooled("acts", "retry", "--queue", "others", "--yes", "3")
    looked = spooled("acts", "retry", *chosen, "--preview")
    token = spooled("acts", "retry", *chosen, "--preview", "--json").json["token"]
    before = spooled("acts")
    begun = spooled("acts", "retry", *chosen, "--confirm", token, "--detach").out.strip()
    aborted = spooled("acts", "abort", begun)
    shown = spooled("acts", "show", begun, "--watch")

    assert (nobody.code, wrong.code, none.code) == (Exit.USAGE, Exit.CONFLICT, Exit.CONFLICT)
    assert "--yes 3" in nobody.err
    assert "Expected 2 jobs and found 3: nothing was changed." in wrong.err
    assert looked.out.startswith("Retry: 3 jobs\n")
    assert all(job in looked.out for job in dead)
    assert before.err == "No act yet.\n"
    assert f"{begun} retry aborted: 0 done of 3" in aborted.out
    assert shown.code == Exit.CONFLICT
    assert cells(spooled("acts"))[1][:5] == [begun, "retry", "aborted", "0", "3"]
    assert spooled("acts", "cancel", "--queue", "mails", "--yes", "0").err == "There is nothing to do.\n"
    assert spooled("acts", "retry", *chosen, "--confirm", "no token").code == Exit.FAILED


def test_frames_of_events_are_read() -> None:
    """An id stands until the next; comments and times to wait are frames without data."""
    lines = ["retry: 1000", "id: 1-0", "", ": still here", "", "id: 2-0", 'data: {"type":', 'data: "A"}', ""]

    assert [*frames(lines)] == [("1-0", ""), ("", ""), ("2-0", '{"type":\n"A"}')]
