"""Every command of the guide, in its order, by curl itself: what is printed is what happens."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.pages import Page

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the guide is for curl")

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
            timeout=30,
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


def test_guide_from_first_command_to_last(service_url: str) -> None:
    """A reader who pastes every command of the guide, in order, gets every answer that it prints."""
    reader = Reader(service_url)
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
