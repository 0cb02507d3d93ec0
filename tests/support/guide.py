"""Somebody who follows the guide, command by command, against a running service."""

import json
import re
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.support.pages import Page

GUIDE = Page.read(Path(__file__).with_name("guide.md"))
CREATED_BY = ("/organizations ", "/api-keys ", "/queues ", "/jobs ", "/schedules ", "/workflows ")


@dataclass(frozen=True)
class Command:
    """One curl of the guide, with the answer printed under it."""

    heading: str
    text: str
    printed: dict[str, Any]

    @property
    def status(self) -> int:
        posts_to = re.search(r"-X POST \S+/api/v1(/\S+ )", self.text)
        return 201 if posts_to and posts_to[1].endswith(CREATED_BY) else 200


@dataclass
class Reader:
    """Somebody who follows the guide and puts what they were given in place of what is printed."""

    url: str
    key: str = "none yet"
    ids: dict[str, str] = field(default_factory=dict)

    def run(self, command: Command) -> Any:
        """Paste the command, and give its answer once its status was the one to expect."""
        text = command.text.replace("https://api.spooled.cloud", self.url)
        text = re.sub(r"sk_live_x+", self.key, text).replace("{...}", '{"type": "send_reminder"}')
        for printed, own in self.ids.items():
            text = text.replace(printed, own)
        done = subprocess.run(
            ["bash", "-c", f"{text.rstrip()} -sS -w '\\n%{{http_code}}'"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        body, _, status = done.stdout.rpartition("\n")
        assert status == str(command.status), f"{command.heading}: {text}\n{done.stdout}{done.stderr}"
        return json.loads(body)


def commands() -> Iterator[Command]:
    for position, block in enumerate(GUIDE.blocks):
        if block.language != "bash":
            continue
        follower = GUIDE.blocks[position + 1] if position + 1 < len(GUIDE.blocks) else None
        printed = json.loads(follower.text) if follower and follower.language == "json" else {}
        for text in re.findall(r"^curl .*?(?=^curl |^# |\Z)", block.text, re.MULTILINE | re.DOTALL):
            yield Command(block.heading, text, printed)


def assert_as_printed(printed: dict[str, Any], answer: dict[str, Any]) -> None:
    """Each printed field is there and, unless it is new each time, has the printed value."""
    for name, value in printed.items():
        if name in {"id", "key"}:
            assert answer[name].partition("_")[0] == value.partition("_")[0]
        elif name in {"created_at", "leased_until"}:
            assert datetime.fromisoformat(answer[name]).tzinfo is not None
        else:
            assert answer[name] == value, name


def bury_a_job(reader: Reader) -> str:
    """A job that failed for good, so that the guide's last commands have one to show."""
    v1 = httpx.Client(base_url=f"{reader.url}/api/v1", headers={"Authorization": f"Bearer {reader.key}"})
    with v1:
        v1.post("/jobs", json={"queue": "emails", "payload": {"n": 1}, "priority": 100})
        job_id: str = v1.post("/jobs/dequeue", json={"queue": "emails", "worker_id": "w"}).json()["id"]
        v1.post(f"/jobs/{job_id}/fail", json={"error": "broken", "no_retry": True})
    return job_id


def follow_guide(url: str) -> None:
    """Paste every command of the guide, in order, and compare each answer with what it prints."""
    reader = Reader(url)
    answers: dict[str, list[Any]] = {}

    for command in commands():
        if command.heading.startswith("View Failed Jobs"):
            reader.ids["job_xxx"] = bury_a_job(reader)
        answer = reader.run(command)
        answers.setdefault(command.heading, []).append(answer)
        if command.printed:
            assert_as_printed(command.printed, answer)
            reader.ids[command.printed["id"]] = answer["id"]
            reader.key = answer.get("key", reader.key)
        if command.heading.startswith("Step 4"):
            reader.ids["job_xxx"] = answer["id"]

    assert sum(len(given) for given in answers.values()) == 16
    assert_what_the_guide_says(answers, reader.ids)


def assert_what_the_guide_says(answers: dict[str, list[Any]], ids: dict[str, str]) -> None:
    """What the guide says in words of the answers that it does not print."""
    done = answers["Step 5: Process Jobs (Like `php artisan queue:work`)"][1]
    (delayed,) = answers["Delayed Jobs"]
    (schedule,) = answers["Scheduled Jobs (Cron)"]
    (workflow,) = answers["Job Dependencies (Workflows)"]
    (seen,) = answers["Check Job Status"]
    (pending,) = answers["List Pending Jobs"]
    (dead,) = answers["View Failed Jobs (Dead Letter Queue)"]
    (retried,) = answers["Retry a Failed Job"]

    assert (done["status"], done["result"]) == ("completed", {"email_sent": True, "message_id": "msg_123"})
    assert delayed["status"] == "scheduled"
    assert seconds_between(delayed["created_at"], delayed["scheduled_at"]) == 3600
    assert [job["priority"] for job in answers["Priority Jobs"]] == [10, 0, -10]
    assert (schedule["queue"], schedule["payload"]) == ("reports", {"type": "generate_daily_report"})
    next_run = datetime.fromisoformat(schedule["next_run_at"]).astimezone(ZoneInfo("America/New_York"))
    assert (next_run.hour, next_run.minute) == (9, 0)
    assert workflow["id"].startswith("wf_")
    assert (seen["id"], seen["status"]) == (ids["job_ghi789"], "completed")
    assert sorted(job["priority"] for job in pending) == [-10, 0, 10]
    assert [job["id"] for job in dead] == [ids["job_xxx"]]
    assert (retried["id"], retried["status"]) == (ids["job_xxx"], "pending")


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def see_a_schedule_fire(url: str) -> None:
    """A schedule of every second makes jobs, without anybody asking."""
    with _organization(url) as v1:
        made = v1.post(
            "/schedules",
            json={
                "name": "each second",
                "cron_expression": "* * * * * *",
                "queue": "fired",
                "payload": {"n": 1},
            },
        )
        assert made.status_code == 201, made.text
        assert _until(lambda: v1.post("/jobs/dequeue", json={"queue": "fired"}).json())


def see_a_lapsed_lease_come_back(url: str) -> None:
    """A job whose worker fell silent is handed to the next one, as its second attempt."""
    with _organization(url) as v1:
        pushed = v1.post("/jobs", json={"queue": "lapsing", "payload": {}}).json()
        taken = v1.post("/jobs/dequeue", json={"queue": "lapsing", "lease_duration_secs": 5}).json()
        assert taken["id"] == pushed["id"]
        again = _until(
            lambda: v1.post("/jobs/dequeue", json={"queue": "lapsing"}).json(),
            lambda job: job and "id" in job,
        )
        assert (again["id"], again["retry_count"]) == (pushed["id"], 1)


@contextmanager
def _organization(url: str) -> Iterator[httpx.Client]:
    """The API with the first key of a new organization."""
    slug = f"guide-{uuid.uuid4().hex[:12]}"
    made = httpx.post(f"{url}/api/v1/organizations", json={"name": slug, "slug": slug}, timeout=60).json()
    bearer = {"Authorization": f"Bearer {made['api_key']['key']}"}
    with httpx.Client(base_url=f"{url}/api/v1", headers=bearer, timeout=60) as v1:
        yield v1


def _until(ask: Callable[[], Any], is_it: Callable[[Any], Any] = bool) -> Any:
    """Ask until the answer is the one, for two periods of the cloud's timers at most."""
    deadline = time.monotonic() + 130
    while not is_it(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
    return answer
