"""The embedded servers keep their data and their ports, and survive whatever ended the last run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from localstack.postgres import running_postgres
from localstack.redis import running_redis

# A run that is killed: it starts a server, says where it is, and waits for its end.
RUN = """
import sys, time
from pathlib import Path
from localstack.{module} import running_{module}
with running_{module}(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@contextmanager
def killed_run(module: str, home: Path) -> Iterator[str]:
    """The URL of a server whose run is killed without warning at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN.format(module=module), str(home)], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        try:
            yield run.stdout.readline().strip()
        finally:
            run.kill()


def held_by(home: Path, name: str) -> int:
    return int((home / f"{name}.lock").read_text())


def test_postgres_keeps_its_data_and_port(tmp_path: Path) -> None:
    """A second start finds the rows of the first, under the same URL."""
    with running_postgres(tmp_path) as first, psycopg.connect(first) as db:
        db.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
    with running_postgres(tmp_path) as second, psycopg.connect(second) as db:
        row = db.execute("SELECT answer FROM kept").fetchone()

    assert first == second
    assert row == ("yes",)


def test_postgres_is_durable_and_checked(tmp_path: Path) -> None:
    """What is committed is on the disk, and pages carry checksums."""
    names = ["fsync", "synchronous_commit", "full_page_writes", "data_checksums", "server_encoding"]
    with running_postgres(tmp_path) as url, psycopg.connect(url) as db:
        values = [db.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]

    assert values == [("on",), ("on",), ("on",), ("on",), ("UTF8",)]


def test_postgres_role_is_no_superuser(tmp_path: Path) -> None:
    """The role of the URL has the rights a hosted database gives its owner, and no way round row security."""
    with running_postgres(tmp_path, durable=False) as url, psycopg.connect(url) as db:
        row = db.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == (False, False, True)


def test_postgres_wants_the_password(tmp_path: Path) -> None:
    """Another account on this machine cannot log in without the secret of the data folder."""
    with running_postgres(tmp_path, durable=False) as url:
        password = url.split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "guess"))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace("spooled:", "postgres:"))


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Nobody else may read the passwords or the logs."""
    with running_postgres(tmp_path, durable=False), running_redis(tmp_path):
        open_to_others = [file.name for file in tmp_path.iterdir() if file.stat().st_mode & 0o077]

    assert open_to_others == []


def test_postgres_starts_after_a_killed_run(tmp_path: Path) -> None:
    """Committed rows are there after kill -9 of the run, and its server is gone."""
    with killed_run("postgres", tmp_path) as url, psycopg.connect(url) as db:
        db.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        db.commit()
        orphan = held_by(tmp_path, "postgres")
    with running_postgres(tmp_path) as url, psycopg.connect(url) as db:
        row = db.execute("SELECT answer FROM kept").fetchone()

    assert row == (1,)
    assert held_by(tmp_path, "postgres") != orphan


def test_postgres_starts_after_its_own_kill(tmp_path: Path) -> None:
    """A postmaster killed with its run leaves a pid file and backends that do not matter."""
    with killed_run("postgres", tmp_path):
        os.kill(held_by(tmp_path, "postgres"), signal.SIGKILL)
    with running_postgres(tmp_path) as url, psycopg.connect(url) as db:
        row = db.execute("SELECT 1").fetchone()

    assert row == (1,)


def test_postgres_ends_an_orphan_that_lives(tmp_path: Path) -> None:
    """A server that nobody asked to end is ended by the next run, since it holds its lock."""
    with running_postgres(tmp_path) as first:
        orphan = held_by(tmp_path, "postgres")
        with running_postgres(tmp_path) as second, psycopg.connect(second) as db:
            db.execute("SELECT 1")

            assert first == second
            assert held_by(tmp_path, "postgres") != orphan


def test_postgres_ignores_a_stranger_with_the_old_number(tmp_path: Path) -> None:
    """A pid file naming a live process that is no server neither stops the start nor ends that process."""
    with running_postgres(tmp_path):
        written = (tmp_path / "postgres" / "postmaster.pid").read_text()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        rest = written.split("\n", 1)[1]
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
        (tmp_path / "postgres.lock").write_text(f"{stranger.pid}\n")
        with running_postgres(tmp_path):
            still_there = stranger.poll() is None
        stranger.kill()

    assert still_there


def test_postgres_starts_over_a_half_made_cluster(tmp_path: Path) -> None:
    """A folder that initdb did not finish is made anew."""
    unfinished = tmp_path / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with running_postgres(tmp_path, durable=False) as url, psycopg.connect(url) as db:
        row = db.execute("SELECT 1").fetchone()

    assert row == (1,)
    assert not unfinished.exists()


def test_redis_keeps_its_data_and_port(tmp_path: Path) -> None:
    """A second start finds the keys of the first, under the same URL."""
    with running_redis(tmp_path) as first, redis.Redis.from_url(first) as client:
        client.set("kept", "yes")
    with running_redis(tmp_path) as second, redis.Redis.from_url(second) as client:
        value = client.get("kept")

    assert first == second
    assert value == b"yes"


def test_redis_starts_after_a_killed_run(tmp_path: Path) -> None:
    """Neither the orphan of a killed run nor its lock stops the next one."""
    with killed_run("redis", tmp_path):
        orphan = held_by(tmp_path, "redis")
    with running_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        answered = client.ping()

    assert answered
    assert held_by(tmp_path, "redis") != orphan


def test_redis_starts_over_unreadable_data(tmp_path: Path) -> None:
    """Redis holds only what may be lost, so damaged files are dropped and the service comes up."""
    with running_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("kept", "no")
    for file in (tmp_path / "redis" / "appendonlydir").iterdir():
        file.write_bytes(b"not a log\n")
    with running_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        value = client.get("kept")

    assert value is None


def test_a_taken_port_is_exchanged(tmp_path: Path) -> None:
    """When another program has the port of last time, the server takes a new one."""
    with running_redis(tmp_path) as taken:
        other = tmp_path / "other"
        other.mkdir()
        (other / "redis.port").write_text(taken.rpartition(":")[2].removesuffix("/0"))
        with running_redis(other) as url, redis.Redis.from_url(url) as client:
            answered = client.ping()

    assert answered
    assert url.rpartition(":")[2] != taken.rpartition(":")[2]
