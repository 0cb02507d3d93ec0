"""`spooled work` with programs in PHP, Node.js and the shell, on the running service."""

import asyncio
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.command.exits import Exit
from tests.support.command import CommandLine
from tests.support.line import line_to
from tests.support.official import new_key
from tests.support.run import Run
from tests.support.wait import wait_until

PROGRAMS = Path(__file__).parent / "programs"
LANGUAGES = {
    "php": ("php", str(PROGRAMS / "job.php")),
    "node": ("node", str(PROGRAMS / "job.js")),
    "shell": ("sh", str(PROGRAMS / "job.sh")),
}
SECONDS = 60


@dataclass
class World:
    """An organization, its requests and its workers."""

    spooled: CommandLine
    api: httpx.Client
    folder: Path
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)

    def push(self, queue: str, payload: dict[str, Any], **fields: Any) -> str:
        body = {"queue_name": queue, "payload": payload, "max_retries": 0, **fields}
        return str(self.api.post("/jobs", json=body).raise_for_status().json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/jobs/{job_id}").raise_for_status().json()
        return found

    def work(self, *arguments: str, url: str = "") -> "subprocess.Popen[str]":
        spooled = CommandLine(url or self.spooled.url, self.spooled.key)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.workers.append(spooled.start("work", *arguments, **pipes))
        return self.workers[-1]

    def running(self, name: str, *options: str) -> dict[str, tuple["WaitingJob", "subprocess.Popen[str]"]]:
        """A worker for each language that is installed, in the middle of a job of its own queue."""
        languages = [language for language, program in LANGUAGES.items() if shutil.which(program[0])]
        jobs = {language: self.waiting_job(f"{name}-{language}") for language in languages}
        workers = {
            language: self.work(f"{name}-{language}", *options, "--", *LANGUAGES[language])
            for language in languages
        }
        wait_until(lambda: all(job.started.exists() for job in jobs.values()))
        return {language: (jobs[language], workers[language]) for language in languages}

    def waiting_job(self, queue: str) -> "WaitingJob":
        """A job whose program says that it runs, and ends when it is let go."""
        name = uuid.uuid4().hex
        started, go = self.folder / f"{name}.started", self.folder / f"{name}.go"
        payload = {"do": "wait", "started": str(started), "go": str(go)}
        return WaitingJob(self.push(queue, payload, max_retries=3), started, go)


@dataclass(frozen=True)
class WaitingJob:
    id: str
    started: Path
    go: Path


@pytest.fixture(scope="module")
def world(service: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    key = new_key(service.url)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{service.url}/api/v1", headers=headers) as api:
        made = World(CommandLine(service.url, key), api, tmp_path_factory.mktemp("work"))
        yield made
        for worker in made.workers:
            worker.kill()
            worker.communicate()


def needs(language: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(LANGUAGES[language][0]) is None, reason=f"{language} is not installed"
    )


each_language = pytest.mark.parametrize(
    "language", [pytest.param(language, marks=needs(language)) for language in LANGUAGES]
)


@pytest.fixture(scope="module")
def ended(world: World) -> dict[str, dict[str, Any]]:
    """The jobs of each language, after a worker has seen all that was due: by what they do."""
    pushed: dict[str, dict[str, str]] = {}
    for language, program in LANGUAGES.items():
        if shutil.which(program[0]):
            pushed[language] = {
                "succeed": world.push(language, {"do": "succeed", "n": 7}, max_retries=3),
                "fail": world.push(language, {"do": "fail"}, max_retries=9),
                "refuse": world.push(language, {"do": "refuse"}, max_retries=9),
                "crash": world.push(language, {"do": "crash"}),
                "hang": world.push(language, {"do": "hang"}, timeout_seconds=1),
            }
    # The languages beside each other: most of it is waiting for the one that hangs.
    options = ["--concurrency", "5", "--stop-when-empty"]
    workers = [world.work(language, *options, "--", *LANGUAGES[language]) for language in pushed]
    for worker in workers:
        said = worker.communicate(timeout=SECONDS)
        assert worker.returncode == Exit.DONE, said
    return {
        language: {act: world.job(job_id) for act, job_id in jobs.items()}
        for language, jobs in pushed.items()
    }


@each_language
def test_a_program_that_succeeds(ended: dict[str, dict[str, Any]], language: str) -> None:
    """It reads the payload and its environment, and what it writes is the job's result."""
    job = ended[language]["succeed"]

    assert job["status"] == "completed"
    assert job["result"] == {"n": 7, "job": job["id"], "attempt": 1}


@each_language
def test_a_program_that_fails(ended: dict[str, dict[str, Any]], language: str) -> None:
    """Its exit code and its last lines are the error, and it will be tried again."""
    job = ended[language]["fail"]

    assert job["status"] == "pending"
    assert job["retry_count"] >= 1
    assert job["last_error"] == "exit code 3: connecting\nno mail server"


@each_language
def test_a_program_that_refuses(ended: dict[str, dict[str, Any]], language: str) -> None:
    """The exit code for data that will never do is a dead letter at once, whatever retries are left."""
    job = ended[language]["refuse"]

    assert (job["status"], job["last_error"]) == ("deadletter", "exit code 65: no such address")


@each_language
def test_a_program_that_crashes(ended: dict[str, dict[str, Any]], language: str) -> None:
    """Which signal killed it is told."""
    job = ended[language]["crash"]

    assert (job["status"], job["last_error"]) == ("deadletter", "killed by SIGKILL")


@each_language
def test_a_program_that_hangs(ended: dict[str, dict[str, Any]], language: str) -> None:
    """It is stopped after the time of its job."""
    job = ended[language]["hang"]

    assert job["status"] == "deadletter"
    assert job["last_error"].startswith("Job timeout exceeded: 1 s")


def test_draining(world: World) -> None:
    """After SIGTERM no job is taken, the running one ends in peace, and the exit code is 0."""
    running = world.running("drain")
    late = {language: world.push(f"drain-{language}", {"do": "succeed", "n": 1}) for language in running}
    for language, (job, worker) in running.items():
        worker.send_signal(signal.SIGTERM)
        assert worker.stderr
        assert "SIGTERM" in worker.stderr.readline()
        job.go.touch()
        _, said = worker.communicate(timeout=SECONDS)

        assert worker.returncode == Exit.DONE, said
        assert world.job(job.id)["status"] == "completed", said
        assert world.job(job.id)["result"] == {"waited": True}
        assert world.job(late[language])["status"] == "pending"
    left = {worker["queue_name"] for worker in world.api.get("/workers").json()}
    assert {queue for queue in left if queue.startswith("drain-")} == set()


def test_a_terminal_that_closes(world: World) -> None:
    """SIGHUP lets the running program end and be reported, and does not leave it to itself."""
    job = world.waiting_job("hangup")
    # Tests that were started with `nohup` hand on that it is ignored.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    worker = world.work("hangup", "--", *LANGUAGES["shell"])
    signal.signal(signal.SIGHUP, before)
    wait_until(job.started.exists)
    worker.send_signal(signal.SIGHUP)
    assert worker.stderr
    assert "SIGHUP" in worker.stderr.readline()
    job.go.touch()
    worker.communicate(timeout=SECONDS)

    assert (worker.returncode, world.job(job.id)["status"]) == (Exit.DONE, "completed")


def test_a_second_signal_gives_the_job_back(world: World) -> None:
    """The program is stopped, and the job is as if it had not been taken."""
    for job, worker in world.running("second").values():
        worker.send_signal(signal.SIGINT)
        assert worker.stderr
        assert "SIGINT" in worker.stderr.readline()
        worker.send_signal(signal.SIGINT)
        worker.communicate(timeout=SECONDS)
        found = world.job(job.id)

        assert worker.returncode == Exit.INTERRUPTED
        assert (found["status"], found["retry_count"], found["last_error"]) == ("pending", 0, None)


def test_a_lost_lease(world: World) -> None:
    """When the service gives the job to another, the program is stopped and nothing is reported."""
    running = world.running("lost", "--lease", "5", "--max-jobs", "1", "--json")
    taken = {}
    for language, (job, _) in running.items():
        world.api.post(f"/jobs/{job.id}/release").raise_for_status()
        claim = {"queue_name": f"lost-{language}", "worker_id": "another"}
        (taken[language],) = world.api.post("/jobs/claim", json=claim).raise_for_status().json()["jobs"]
    for language, (job, worker) in running.items():
        out, _ = worker.communicate(timeout=SECONDS)
        found = world.job(job.id)

        assert worker.returncode == Exit.DONE
        assert '"outcome":"lost"' in out
        assert (found["status"], found["retry_count"]) == ("processing", 0)
        assert found["lease_id"] == taken[language]["lease_id"]


async def test_the_service_is_away(world: World) -> None:
    """What runs goes on meanwhile and is reported afterwards, once; then work goes on."""
    first, second = world.waiting_job("away"), world.waiting_job("away")
    third = world.push("away", {"do": "succeed", "n": 3})

    async with line_to(world.spooled.url) as line:
        options = ["--concurrency", "2", "--lease", "30", "--max-jobs", "3"]
        worker = world.work("away", *options, "--", *LANGUAGES["shell"], url=line.url)
        await asyncio.to_thread(wait_until, lambda: first.started.exists() and second.started.exists())
    # Nobody answers, neither who has a result nor who wants a job.
    first.go.touch()
    assert worker.stderr
    assert "will be reported later" in await asyncio.to_thread(worker.stderr.readline)
    async with line_to(world.spooled.url, int(line.url.rpartition(":")[2])):
        second.go.touch()
        _, said = await asyncio.to_thread(worker.communicate, timeout=SECONDS)
    jobs = [world.job(job_id) for job_id in (first.id, second.id, third)]

    assert worker.returncode == Exit.DONE, said
    assert [(job["status"], job["retry_count"]) for job in jobs] == [("completed", 0)] * 3, said
