"""`spooled backup` and `spooled restore`: what is restored is all that was there, or the command says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.backup.contents import digest_of
from shared.backup.dump import manifest_of
from shared.command.exits import Exit
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Tenant, api_of
from tests.support.command import CommandLine, Ended
from tests.support.servers import Servers
from tests.support.until import until

ORGANIZATIONS = 3


class Backups:
    """The two commands, for a database."""

    def __init__(self, spooled: CommandLine, url: str) -> None:
        self._spooled, self.url = spooled, url

    def __call__(self, *arguments: object) -> Ended:
        return self._spooled(*map(str, arguments), DATABASE_URL=self.url, OWNER_DATABASE_URL="")

    async def leave_nothing(self) -> bool:
        """Whether no database is there that was made to try one out; other tests' go by themselves."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            found = owner.execute("SELECT FROM pg_database WHERE datname LIKE 'spooled_check_%'")
            return found.fetchone() is None


@pytest.fixture
def backups(spooled: CommandLine, own_url: str) -> Backups:
    return Backups(spooled, own_url)


@pytest.fixture(scope="module")
async def orgs(own_url: str, settings: Settings) -> list[Tenant]:
    """Organizations with a job that waits, one that runs and one that is finished."""
    core = await open_core(settings.model_copy(update={"database_url": own_url, "redis_url": "none"}))
    async with api_of(core) as api:
        made = [await api.new_tenant() for _ in range(ORGANIZATIONS)]
        for org in made:
            for _ in range(3):
                await org.push()
            done = await org.dequeue()
            await org.post(f"/jobs/{done['id']}/complete", {"result": {}})
            await org.dequeue()
    await core.close()
    return made


@pytest.fixture
def empty_url(servers: Servers, own_url: str) -> Iterator[str]:
    """A database without tables on the same server."""
    name = f"{own_url.rpartition('/')[2]}_restored"
    server = f"{servers.template_url.rpartition('/')[0]}/postgres"
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}".encode())
        yield f"{server.rpartition('/')[0]}/{name}"
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_what_is_restored_is_all_of_it(
    backups: Backups, orgs: list[Tenant], empty_url: str, settings: Settings, tmp_path: Path
) -> None:
    """Each organization's jobs are there under its key, as they were, and the service goes on with them."""
    file = tmp_path / "spooled.dump"
    made = backups("backup", file, "--json")
    restored = backups("restore", file, "--to", empty_url)

    assert (made.code, restored.code) == (Exit.DONE, Exit.DONE), made.err + restored.err
    assert made.json["contents"]["tables"]["organization"] == ORGANIZATIONS
    assert {path.stat().st_mode & 0o777 for path in (file, manifest_of(file))} == {0o600}
    core = await open_core(settings.model_copy(update={"database_url": empty_url, "redis_url": "none"}))
    async with api_of(core) as api:
        await api.call("GET", "/health/ready", 200)
        for org in orgs:
            again = Tenant(api.client, org.key, org.org_id)
            stats = await again.get("/jobs/stats")
            assert [stats[state] for state in ("pending", "processing", "completed")] == [1, 1, 1]
            assert (await again.dequeue())["attempts"] == 1
    await core.close()


async def test_a_backup_is_tried_out(backups: Backups, orgs: list[Tenant], tmp_path: Path) -> None:
    """In a database that is gone afterwards, with the servers' programs of this installation."""
    file = tmp_path / "spooled.dump"
    backups("backup", file)
    tried = backups("restore", file, "--check")

    assert tried.code == Exit.DONE, tried.err
    assert "rows of" in tried.out
    await until(backups.leave_nothing)
    assert len(orgs) == ORGANIZATIONS


@pytest.mark.parametrize("harm", ["damaged", "less", "without its manifest", "with another one"])
async def test_a_backup_that_is_not_whole_is_told(
    backups: Backups, orgs: list[Tenant], tmp_path: Path, harm: str
) -> None:
    """Bytes that changed, rows that are not there, a file that is missing: exit code 1 and which it is."""
    file = tmp_path / "spooled.dump"
    backups("backup", file)
    manifest = manifest_of(file)
    if harm == "damaged":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    elif harm == "less":
        document: dict[str, Any] = json.loads(manifest.read_text())
        document["contents"]["tables"]["organization"] += 1
        document["contents"]["sequences"]["live_position"] = 10**9
        manifest.write_text(json.dumps(document))
    elif harm == "with another one":
        other = json.loads(manifest.read_text())
        other["contents"]["sequences"] = {"live_position": None}
        manifest.write_text(json.dumps(other))
    else:
        manifest.unlink()
    tried = backups("restore", file, "--check")

    assert tried.code == Exit.FAILED
    assert {
        "damaged": "is damaged",
        "less": f"organization: {len(orgs)} rows instead of {len(orgs) + 1}",
        "without its manifest": "cannot be read",
        "with another one": "cannot be read",
    }[harm] in tried.err


def test_nothing_is_overwritten(backups: Backups, tmp_path: Path, database_url: str) -> None:
    """A file that is there stays as it is, and so does a database that has tables."""
    file = tmp_path / "spooled.dump"
    file.write_text("mine")
    taken = backups("backup", file)
    backups("backup", tmp_path / "other.dump")
    full = backups("restore", tmp_path / "other.dump", "--to", database_url)

    assert (taken.code, full.code) == (Exit.FAILED, Exit.FAILED)
    assert ("is not overwritten" in taken.err, "has tables already" in full.err) == (True, True)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "other.dump",
        "other.dump.json",
        "spooled.dump",
    ]
    assert file.read_text() == "mine"


def test_nobody_else_reads_it_while_it_is_written(backups: Backups, tmp_path: Path) -> None:
    """A file that stands where it is to be written is not written to, and is named."""
    unfinished = tmp_path / "spooled.dump.part"
    unfinished.write_text("of another run, or laid there by somebody")
    unfinished.chmod(0o666)
    refused = backups("backup", tmp_path / "spooled.dump")

    assert refused.code == Exit.FAILED
    assert str(unfinished) in refused.err
    assert [path.name for path in tmp_path.iterdir()] == [unfinished.name]
    assert unfinished.read_text().startswith("of another run")


def test_a_restore_that_fails_says_why(backups: Backups, empty_url: str, tmp_path: Path) -> None:
    """What stands in the way is named, and not the statement alone that met it."""
    file = tmp_path / "spooled.dump"
    backups("backup", file)
    with psycopg.connect(empty_url, autocommit=True) as owner:
        owner.execute("CREATE VIEW job AS SELECT 1 AS one")
    refused = backups("restore", file, "--to", empty_url)

    assert refused.code == Exit.FAILED
    assert 'relation "job" already exists' in refused.err


def test_a_restore_that_fails_half_way_leaves_nothing(
    backups: Backups, orgs: list[Tenant], empty_url: str, tmp_path: Path
) -> None:
    """A dump that breaks off in its rows leaves the database empty, says so, and a whole one fits into it."""
    whole, broken = tmp_path / "whole.dump", tmp_path / "broken.dump"
    backups("backup", whole)
    broken.write_bytes(whole.read_bytes()[:-100])
    manifest = json.loads(manifest_of(whole).read_text())
    manifest_of(broken).write_text(json.dumps(manifest | {"sha256": digest_of(broken)}))
    refused = backups("restore", broken, "--to", empty_url)
    with psycopg.connect(empty_url) as owner:
        left = owner.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        left_over = left.fetchall()
    restored = backups("restore", whole, "--to", empty_url)

    assert (refused.code, left_over) == (Exit.FAILED, [])
    assert "Nothing was restored, and the database is as it was" in refused.err
    assert restored.code == Exit.DONE, restored.err
    assert len(orgs) == ORGANIZATIONS


def test_a_dump_that_would_lack_rows_is_not_made(backups: Backups, tmp_path: Path) -> None:
    """Where a policy hides an organization's rows from whoever dumps, there is no file but a reason."""
    with psycopg.connect(backups.url, autocommit=True) as owner:
        owner.execute("ALTER POLICY system ON queue USING (org_id = 1)")
        hidden = backups("backup", tmp_path / "spooled.dump")
        owner.execute("ALTER POLICY system ON queue USING (true)")

    assert hidden.code == Exit.FAILED
    assert "keep rows of queue out of the dump" in hidden.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(backups: Backups, spooled: CommandLine, tmp_path: Path) -> None:
    """A pg_dump that is too old, a server that is away, no database at all: a sentence and an exit code."""
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    file = tmp_path / "spooled.dump"
    too_old = backups("backup", file, "--programs", tmp_path)
    away = Backups(spooled, "postgresql://u:secret-word@127.0.0.1:9/x")("backup", file)
    none = Backups(spooled, "")("backup", file)

    assert [ended.code for ended in (too_old, away, none)] == [Exit.FAILED, Exit.UNREACHABLE, Exit.USAGE]
    assert "is 9" in too_old.err
    assert "--programs" in too_old.err
    assert "secret-word" not in away.err
    assert not file.exists()


def test_a_url_that_is_none_is_not_repeated(backups: Backups, tmp_path: Path) -> None:
    """A database that no URL names is a wrong command line, and the password in it stays out of sight."""
    file = tmp_path / "spooled.dump"
    backups("backup", file)
    wrong = [
        backups("restore", file, "--to", f"postgresql://owner:hush@{rest}") for rest in ("[::1/x", "h/x?no=1")
    ]

    assert [ended.code for ended in wrong] == [Exit.USAGE] * 2
    assert "hush" not in "".join(ended.err for ended in wrong)
