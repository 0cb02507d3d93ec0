"""What docs/streams.md tells its readers to run is run: the commands, and a worker in each language."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from shared.live.event import DOTTED
from tests.support.npm import npm_install
from tests.support.pages import Page
from tests.support.run import ROOT, Run, started
from tests.support.shell import paste
from tests.support.wait import wait_until

PAGE = Page.read(ROOT / "docs/streams.md")
PROTO = ROOT / "shared/wire/proto/spooled.proto"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the page is for curl")


def block(language: str, under: str) -> str:
    (found,) = [one for one in PAGE.blocks if (one.language, one.heading) == (language, under)]
    return found.text


@needs_curl
def test_watching_works_as_it_stands(service: Run) -> None:
    """Each shell block, in order: an event is seen, what was missed comes first, and one job is followed."""
    script = f'{PAGE.script()}\nprintf \'SEEN\\n%s\\nMISSED\\n%s\\nONE\\n%s\\n\' "$SEEN" "$MISSED" "$ONE"'
    said = paste(script, service.url).rpartition("SEEN\n")[2]
    seen, _, rest = said.partition("MISSED\n")
    missed, _, one = rest.partition("ONE\n")

    assert types_in(seen) == ["JobCreated"]
    assert types_in(missed) == ["JobCreated"]
    assert types_in(one)[-1] == "JobCompleted"
    assert '"new_status":"completed"' in one


def types_in(stream: str) -> list[str]:
    """Types of events of jobs, in order."""
    return re.findall(r'^data: \{"type":"(Job\w+)"', stream, re.MULTILINE)


@pytest.fixture
def emails(key: str, service_url: str) -> Iterator[httpx.Client]:
    """The API of a new organization."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{service_url}/api/v1", headers=headers) as client:
        yield client


@contextmanager
def worker(command: list[str], folder: Path, service: Run, api: httpx.Client) -> Iterator[Path]:
    """A worker of the page, and the file that it writes to."""
    known = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "SPOOLED_GRPC": service.grpc_address,
        "SPOOLED_API_KEY": api.headers["Authorization"].removeprefix("Bearer "),
    }
    log = folder / "worker.log"
    with (
        log.open("wb") as opened,
        subprocess.Popen(command, cwd=folder, env=known, stdout=opened, stderr=opened) as process,
    ):
        try:
            yield log
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()


def prove(command: list[str], folder: Path, service: Run, api: httpx.Client) -> None:
    """It completes what was there before it, and what comes while it waits, and fails what it cannot do."""

    def push(payload: dict[str, str]) -> str:
        body = {"queue": "emails", "payload": payload, "max_retries": 0}
        return str(api.post("/jobs", json=body).json()["id"])

    def status_of(job: str) -> str:
        return str(api.get(f"/jobs/{job}").json()["status"])

    first = push({"to": "ada@example.com"})
    with worker(command, folder, service, api) as log:
        wait_until(lambda: status_of(first) == "completed")
        failing, second = push({"nobody": ""}), push({"to": "grace@example.com"})
        wait_until(lambda: status_of(second) == "completed")
        assert status_of(failing) == "deadletter"
        assert re.findall(r"^Mail to (\w+)", log.read_text(), re.MULTILINE) == ["ada", "grace"]


def test_the_python_worker_works(service: Run, emails: httpx.Client, tmp_path: Path) -> None:
    """With the official client, on a stream."""
    (tmp_path / "worker.py").write_text(block("python", "A worker in Python"))

    prove([sys.executable, "worker.py"], tmp_path, service, emails)


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")
def test_the_node_worker_works(service: Run, emails: httpx.Client, tmp_path: Path) -> None:
    """With gRPC's own client and our interface, on a stream."""
    npm, install, *packages = block("sh", "A worker in Node.js").split()
    assert (npm, install) == ("npm", "install")
    npm_install(tmp_path, *packages)
    (tmp_path / "worker.js").write_text(block("javascript", "A worker in Node.js"))
    shutil.copy(PROTO, tmp_path)

    prove(["node", "worker.js"], tmp_path, service, emails)


@needs_curl
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page makes a certificate with openssl")
def test_the_certificate_of_the_page_is_spoken_for(tmp_path: Path) -> None:
    """Made by its command and given as it says, curl trusts the service."""
    make, trust = [one.text for one in PAGE.blocks if (one.language, one.heading) == ("sh", "TLS")]
    command, _, variables = make.rpartition("\nTLS_")
    subprocess.run(["sh", "-euc", command], cwd=tmp_path, check=True, capture_output=True)
    files = re.findall(r"(TLS_\w+)=(\S+)", f"TLS_{variables}")
    with started(tmp_path / "data", settings={name: str(tmp_path / file) for name, file in files}) as run:
        said = subprocess.run(
            ["sh", "-euc", trust.replace("8080", str(run.port))],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert '"status":"healthy"' in said


def test_every_type_of_event_is_described() -> None:
    """A reader of the page knows of each."""
    text = (ROOT / "docs/streams.md").read_text(encoding="utf-8")

    assert [type_ for type_ in DOTTED if f"`{type_}`" not in text] == []
