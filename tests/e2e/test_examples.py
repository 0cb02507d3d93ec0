"""The examples work: pushed by a producer, taken by a worker, in each language, on the running service."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.npm import npm_install
from tests.support.run import ROOT

EXAMPLES = ROOT / "examples"
PATIENCE_SECONDS = 60.0
RIGHTS = ["jobs:write", "jobs:read", "queues:read"]


@pytest.fixture
def account(service_url: str) -> Iterator[httpx.Client]:
    """A new organization, and the requests of a key with the rights that the guide gives it."""
    with httpx.Client(base_url=f"{service_url}/api/v1") as client:
        slug = f"examples-{uuid.uuid4().hex[:12]}"
        made = client.post("/organizations", json={"name": "Examples", "slug": slug}).json()
        client.headers["Authorization"] = f"Bearer {made['api_key']['key']}"
        path = f"/organizations/{made['id']}/api-keys"
        key = client.post(path, json={"name": "Example", "permissions": RIGHTS}).json()["key"]
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@contextmanager
def worker(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as opened:
        process = subprocess.Popen(command, env=environment, stdout=opened, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def eventually(reason: str, condition: Callable[[], Any]) -> None:
    """Look again and again until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, reason
        time.sleep(0.05)


def prove(interpreter: str, folder: Path, suffix: str, account: httpx.Client, tmp_path: Path) -> None:
    """The worker, started on an empty queue, completes one job and fails another again and again."""
    key = account.headers["Authorization"].removeprefix("Bearer ")
    environment = {
        "PATH": os.environ["PATH"],
        "SPOOLED_URL": str(account.base_url).removesuffix("/api/v1/"),
        "SPOOLED_API_KEY": key,
    }
    log = tmp_path / "worker.log"

    def jobs(status: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = account.get("/jobs", params={"status": status}).json()
        return found

    def unknown_job_was_tried_again() -> bool:
        return any(job["attempts"] > 1 for job in jobs("pending,processing"))

    with worker([interpreter, str(folder / f"worker{suffix}")], environment, log) as process:
        eventually("the worker starts", lambda: b"starting" in log.read_bytes())
        subprocess.run([interpreter, str(folder / f"producer{suffix}")], env=environment, check=True)
        eventually(f"one is completed: {log.read_text()}", lambda: jobs("completed"))
        # Between its first and its second attempt the queue is empty, and the worker goes on asking.
        eventually(f"one is retried: {log.read_text()}", unknown_job_was_tried_again)
        assert process.poll() is None, log.read_text()

    (completed,) = jobs("completed")
    (failed,) = jobs("pending,processing")
    (delayed,) = jobs("scheduled")
    said = log.read_text()
    assert f"✓ Job {completed['id']} completed" in said
    assert f"✗ Job {failed['id']} failed: Unknown job type: no_such_type" in said
    assert failed["last_error"] == "Unknown job type: no_such_type"
    assert delayed["attempts"] == 0


def test_python_example(account: httpx.Client, tmp_path: Path) -> None:
    """The Python client and worker of the guide process, fail, retry and wait."""
    prove(sys.executable, EXAMPLES / "python", ".py", account, tmp_path)


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_php_example(account: httpx.Client, tmp_path: Path) -> None:
    """The PHP client and worker of the guide process, fail, retry and wait, without Composer."""
    prove("php", EXAMPLES / "php", ".php", account, tmp_path)


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_laravel_class_is_sound_php() -> None:
    """The class to copy into a Laravel application is accepted by PHP as it stands."""
    subprocess.run(["php", "-l", str(EXAMPLES / "php/laravel/SpooledQueue.php")], check=True)


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")
def test_node_example(account: httpx.Client, tmp_path: Path) -> None:
    """The Node.js client and worker of the guide process, fail, retry and wait."""
    folder = tmp_path / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    npm_install(folder)

    prove("node", folder, ".js", account, tmp_path)
