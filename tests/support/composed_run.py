"""The services of docker-compose.yml without an engine: the same commands and variables, in plain folders."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localstack import child
from localstack.account import account_for
from localstack.binaries import postgres_binaries, redis_server
from tests.support.composed import ROOT, composed
from tests.support.image import build, inside, moved, read_image_file
from tests.support.run import free_port
from tests.support.wait import wait_until

INIT_FOLDER = "/docker-entrypoint-initdb.d"
ADDRESSES = ("postgres:5432", "valkey:6379", "spooled:8080", "spooled:50051")
SUPERUSER = "postgres"  # what the image of PostgreSQL takes when nothing is said


@dataclass(frozen=True)
class Composed:
    """A stack that runs: where things are, in place of the names that the engine would give."""

    folder: Path
    services: Mapping[str, Any]
    image: Path
    ports: Mapping[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['spooled:8080']}"

    def here(self, text: str) -> str:
        """A text with addresses inside the stack replaced by those of this machine."""
        for address, port in self.ports.items():
            text = text.replace(address, f"127.0.0.1:{port}")
        return text


@contextmanager
def running(folder: Path, variables: Mapping[str, str]) -> Iterator[Composed]:
    """PostgreSQL, Valkey and the service, each as the file says, until the block ends."""
    folder.chmod(0o755)
    ports = {
        address: free_port() for address in ("postgres:5432", "valkey:6379", "spooled:8080", "spooled:50051")
    }
    stack = Composed(folder, composed(variables)["services"], build(folder), ports)
    with ExitStack() as started:
        started.enter_context(_postgres(stack))
        started.enter_context(_valkey(stack))
        started.enter_context(_service(stack))
        yield stack


@contextmanager
def _postgres(stack: Composed) -> Iterator[None]:
    """As the image's entry point does: initdb with the arguments, the scripts once, then the server."""
    service = stack.services["postgres"]
    environment = service["environment"]
    (scripts,) = [
        ROOT / source
        for source, target, *_ in (mount.split(":") for mount in service["volumes"])
        if target == INIT_FOLDER
    ]
    place = child.Place(stack.folder, "postgres", goodbye=signal.SIGINT)
    account = account_for(place.folder)
    programs = postgres_binaries(account)
    place.folder.mkdir(mode=0o700)
    password = stack.folder / "postgres.password"
    password.write_text(environment["POSTGRES_PASSWORD"])
    if account:
        account.own(place.folder)
    initdb = [programs / "initdb", "-D", "/proc/self/cwd", "-U", SUPERUSER, f"--pwfile={password}"]
    initdb += ["--auth-host=scram-sha-256", "--no-sync", *environment["POSTGRES_INITDB_ARGS"].split()]
    child.run(place, initdb, folder=place.folder, account=account)
    password.unlink()
    port = stack.ports["postgres:5432"]
    server = [programs / "postgres", "-D", "/proc/self/cwd", "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with child.running(place, [*server, "-c", "fsync=off"], folder=place.folder, account=account):
        reached = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGPASSWORD": environment["POSTGRES_PASSWORD"],
        }
        probe = [*service["healthcheck"]["test"][1:]]
        probe[0] = str(programs / probe[0])
        wait_until(lambda: subprocess.run(probe, env=reached, check=False).returncode == 0)
        for script in sorted(scripts.iterdir()):
            known = {"POSTGRES_USER": SUPERUSER, "POSTGRES_DB": SUPERUSER, **environment}
            subprocess.run([script], env={**reached, **known}, check=True)
        yield


@contextmanager
def _valkey(stack: Composed) -> Iterator[None]:
    service = stack.services["valkey"]
    data = stack.folder / "valkey"
    data.mkdir()
    port = stack.ports["valkey:6379"]
    command = [part.replace("--dir /data", f"--dir {data} --port {port}") for part in service["command"]]
    with process(stack, "valkey", command, {**_on_path(stack, redis_server(None)), **service["environment"]}):
        wait_until(lambda: _listens(port))
        yield


@contextmanager
def _service(stack: Composed) -> Iterator[None]:
    """The command of the image with the variables of both files, under the image's account if we may."""
    image, service = read_image_file(), stack.services["spooled"]
    environment = {
        **image.environment,
        **{name: stack.here(value) for name, value in service["environment"].items()},
        # Where this machine has to differ: all share one network and one root folder here.
        "HOST": "127.0.0.1",
        "PORT": str(stack.ports["spooled:8080"]),
        "GRPC_PORT": str(stack.ports["spooled:50051"]),
        "SPOOLED_DATA_DIR": moved(image.environment["SPOOLED_DATA_DIR"], stack.image),
    }
    command = [moved(part, stack.image) for part in image.command]
    probe = [moved(part, stack.image) for part in service["healthcheck"]["test"][1:]]
    folder = inside(stack.image, image.folder)
    with process(stack, "spooled", command, environment, folder, image.user):
        wait_until(lambda: subprocess.run(probe, cwd=folder, env=environment, check=False).returncode == 0)
        yield


@contextmanager
def process(
    stack: Composed,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None = None,
    user: str = "",
) -> Iterator[None]:
    """A process of the stack until the block ends; it must still be there then."""
    uid, _, gid = user.partition(":")
    lent = bool(user) and os.geteuid() == 0 and _may_run(command[0], int(uid))
    with (stack.folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            cwd=folder or stack.folder,
            env=dict(environment),
            stdout=log,
            stderr=log,
            user=int(uid) if lent else None,
            group=int(gid) if lent else None,
            extra_groups=[] if lent else None,
        )
    stack.processes[name] = started
    try:
        yield
        assert started.poll() is None, (stack.folder / f"{name}.log").read_text()
    except BaseException as error:
        error.add_note((stack.folder / f"{name}.log").read_text(errors="replace")[-4000:])
        raise
    finally:
        started.terminate()
        started.wait(20)


def _may_run(program: str, uid: int) -> bool:
    """A Python of a developer's own may lie where nobody else can go."""
    try:
        return subprocess.run([program, "-V"], user=uid, capture_output=True, check=False).returncode == 0
    except PermissionError:
        return False


def _on_path(stack: Composed, program: Path) -> dict[str, str]:
    programs = stack.folder / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / program.name).exists():
        (programs / program.name).symlink_to(program)
    return {"PATH": f"{programs}:/usr/bin:/bin"}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
