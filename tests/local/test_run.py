"""One command starts all of it, one signal ends all of it, and whatever happens the next run starts."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import psycopg
import pytest

from shared.edge.process.http import GRACE_SECONDS
from tests.support.rpc import health_of
from tests.support.run import Run, free_port, refused, started

CREATED, CONFLICT = 201, 409
IDLE_MEMORY_KB = 300 * 1024

linux_only = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="reads /proc")


def family_of(run: Run) -> list[int]:
    """The run and all processes under it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    family = [run.process.pid]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def listening_sockets(pids: list[int]) -> set[str]:
    """The local addresses, as /proc prints them, on which any of the processes listens."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(str(descriptor.readlink()))
            except FileNotFoundError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_rest = fields = line.split()
            if state == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(local.split(":")[0])
    return found


def memory_of(pids: list[int]) -> int:
    """Memory of the processes in kB, shared pages counted once."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of `run`."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def run(folder: Path) -> Iterator[Run]:
    """One that goes on, for the tests that leave it as it is."""
    with started(folder) as one:
        yield one


def test_signals_end_the_run_and_keep_the_data(tmp_path: Path) -> None:
    """SIGTERM and Ctrl-C end it with exit code 0, and the next run has what the last one stored."""
    with started(tmp_path) as run:
        assert run.make_organization("kept") == CREATED
        assert run.end(signal.SIGTERM) == 0
    with started(tmp_path) as run:
        assert run.make_organization("kept") == CONFLICT
        assert run.end(signal.SIGINT) == 0


@linux_only
def test_the_end_leaves_no_process(tmp_path: Path) -> None:
    """Whatever the run started has ended when the run has."""
    with started(tmp_path) as run:
        family = family_of(run)
        run.end()

    assert len(family) > 3
    assert [pid for pid in family if Path(f"/proc/{pid}/exe").exists()] == []


def test_greeting_has_the_first_command(run: Run) -> None:
    """The first thing a person reads has the address and a command that works when pasted."""
    command = run.said[run.said.index("curl") :]
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert run.url in run.said
    assert "error" not in answer.stdout
    assert run.make_organization("my-company") == CONFLICT


def test_starts_after_kill_of_the_group(tmp_path: Path) -> None:
    """After kill -9 of the whole process group the next run starts, with all that was answered."""
    with started(tmp_path) as run:
        assert run.make_organization("kept") == CREATED
        run.kill_group()
    with started(tmp_path) as run:
        assert run.make_organization("kept") == CONFLICT


def test_starts_while_the_last_run_is_ending(tmp_path: Path) -> None:
    """A run started in the moment after SIGTERM waits for the one before it."""
    with started(tmp_path) as first:
        first.process.send_signal(signal.SIGTERM)
        with started(tmp_path) as second:
            assert httpx.get(f"{second.url}/health").status_code == 200
        assert first.process.wait() == 0


def test_port_in_use_is_said(tmp_path: Path, run: Run) -> None:
    """Another program on the port is named as the reason, with a way out."""
    said = refused(tmp_path / "second", port=run.port)

    assert f"Port {run.port} of 127.0.0.1 is in use" in said
    assert f"make run PORT={run.port + 1}" in said
    assert "Traceback" not in said


def test_grpc_port_in_use_is_said(tmp_path: Path, run: Run) -> None:
    """As the other port, by the name of its own setting, and before any server is started."""
    port = run.grpc_address.rpartition(":")[2]
    said = refused(tmp_path / "second", port=free_port(), settings={"GRPC_PORT": port})

    assert f"Port {port} of 127.0.0.1 is in use" in said
    assert f"make run GRPC_PORT={int(port) + 1}" in said
    assert "Traceback" not in said
    assert not (tmp_path / "second" / "postgres").exists()


def test_folder_in_use_is_said(run: Run, folder: Path) -> None:
    """A second run on the same data folder is refused, names the first, and leaves it alone."""
    said = refused(folder, port=free_port())

    assert f"in use by another run (process {run.process.pid})" in said
    assert run.make_organization("still-there") == CREATED


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"PORT": "many"}, "PORT"),
        ({"GRPC_PORT": "many"}, "GRPC_PORT"),
        ({"HOST": "no.such.host.invalid"}, "HOST=no.such.host.invalid"),
        ({"SPOOLED_DATA_DIR": "/dev/null/data"}, "SPOOLED_DATA_DIR"),
        ({"SPOOLED_ENV": "production"}, "SECRET_KEY"),
        ({"DATABASE_URL": "nonsense", "REDIS_URL": "none"}, "DATABASE_URL"),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL"),
        ({"TLS_KEY_FILE": "/dev/null"}, "TLS_CERTIFICATE_FILE and TLS_KEY_FILE must both be set"),
        ({"DRAIN_SECONDS": "a while"}, "DRAIN_SECONDS"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "none"}, "DATABASE_URL"),
    ],
)
def test_wrong_settings_are_said(tmp_path: Path, settings: dict[str, str], reason: str) -> None:
    """A setting that cannot work is named, without a stack trace."""
    said = refused(tmp_path, port=free_port(), settings=settings)

    assert reason in said
    assert "Traceback" not in said


@linux_only
def test_listens_on_loopback_alone(run: Run) -> None:
    """Neither the service nor its servers can be reached from another machine."""
    addresses = listening_sockets(family_of(run))

    # The second is the first as gRPC writes it, for both families.
    assert addresses == {"0100007F", "0000000000000000FFFF00000100007F"}


@linux_only
def test_idle_memory(tmp_path: Path) -> None:
    """The idle service, all processes together, is small."""
    with started(tmp_path) as run:
        used = memory_of(family_of(run))

    assert used < IDLE_MEMORY_KB


def test_grpc_is_served_beside_http(tmp_path: Path) -> None:
    """The greeting names its address, where the health of the whole is that of a service that serves."""
    with started(tmp_path) as run, grpc.insecure_channel(run.grpc_address) as channel:
        assert health_of(channel) == "SERVING"
        assert run.end() == 0


def test_redis_none(tmp_path: Path) -> None:
    """REDIS_URL=none runs without Redis, and starts none."""
    with started(tmp_path, settings={"REDIS_URL": "none"}) as run:
        assert run.make_organization("without") == CREATED

    assert not (tmp_path / "redis").exists()


def test_real_servers_take_the_place_of_embedded_ones(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """With DATABASE_URL and REDIS_URL nothing is started, and the data is there and not here."""
    with started(tmp_path, settings={"DATABASE_URL": database_url, "REDIS_URL": redis_url}) as run:
        assert run.make_organization("outside") == CREATED
        assert run.end() == 0
    with psycopg.connect(database_url) as db:
        # The test's own servers outlive a run that only borrowed them.
        assert db.execute("SELECT 1").fetchone() == (1,)

    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "redis").exists()


def test_a_long_poll_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A consumer that waits for a job is sent away when the run is told to end."""
    with started(tmp_path) as run:
        made = httpx.post(f"{run.url}/api/v1/organizations", json={"name": "Poll", "slug": "poll"}).json()
        poll = b'{"queue_name": "q", "worker_id": "w", "wait_seconds": 20}'
        head = f"Authorization: Bearer {made['api_key']['key']}\r\nContent-Length: {len(poll)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", run.port)) as connection:
            connection.sendall(f"POST /api/v1/jobs/dequeue HTTP/1.1\r\nHost: x\r\n{head}".encode() + poll)
            asked = time.monotonic()

            assert run.end() == 0
            assert time.monotonic() - asked < GRACE_SECONDS + 5


def test_waiting_requests_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """A connection that somebody keeps open does not keep the run alive."""
    with started(tmp_path) as run, httpx.Client(base_url=run.url) as client:
        assert client.get("/health").status_code == 200
        assert run.end() == 0
