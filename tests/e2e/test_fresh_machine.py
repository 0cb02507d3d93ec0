"""The first command on a fresh machine, from a copy of the files that has nothing set up."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.command.exits import Exit
from tests.support.run import MINIMAL_PATH, ROOT, started

CREATED, CONFLICT = 201, 409
USABLE = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"


@dataclass(frozen=True)
class Machine:
    folder: Path
    settings: dict[str, str]
    user: pwd.struct_passwd | None


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A new home and a new copy, of an ordinary account where the tests run as root."""
    # Not pytest's own folder, which is closed to other accounts.
    place = Path(tempfile.mkdtemp(prefix="spooled-fresh-", dir="/var/tmp"))
    copy = place / "spooled"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.strip("\0").split("\0"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    # Where packages come from is the machine's affair, not ours.
    known = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    settings = {**known, "HOME": str(place), "TMPDIR": str(place)}
    user = _ordinary_user()
    if user:
        for path in [place, *place.rglob("*")]:
            os.chown(path, user.pw_uid, user.pw_gid)
    else:
        settings["PYTHON"] = getattr(sys, "_base_executable", sys.executable)
    yield Machine(copy, settings, user)
    shutil.rmtree(place)


def _ordinary_user() -> pwd.struct_passwd | None:
    """An account for root to lend the test to, if that account has a Python that can be used."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody")
    asked = subprocess.run(
        ["python3", "-c", USABLE],
        user=user.pw_uid,
        env={"PATH": MINIMAL_PATH},
        capture_output=True,
        check=False,
    )
    return user if asked.returncode == 0 else None


def test_make_run_is_all_it_takes(machine: Machine) -> None:
    """One command sets up and serves, also over a half-made environment; killed or ended, it starts again."""
    (machine.folder / ".venv" / "bin").mkdir(parents=True)
    (machine.folder / ".venv" / "bin" / "python").symlink_to("/nowhere")
    shutil.chown(machine.folder / ".venv" / "bin", machine.folder.owner())
    shutil.chown(machine.folder / ".venv", machine.folder.owner())
    home = machine.folder / ".data"
    again = {
        "command": ("make", "run"),
        "folder": machine.folder,
        "settings": machine.settings,
        "user": machine.user,
    }

    with started(home, **again) as run:
        assert run.make_organization("kept") == CREATED
        run.end()
    with started(home, **again) as run:
        assert "Installing" not in run.said
        assert push_without_a_key(machine, run.url) == Exit.FORBIDDEN
        assert run.make_organization("kept") == CONFLICT
        run.process.kill()
    with started(home, **again) as run:
        assert run.make_organization("kept") == CONFLICT
        run.kill_group()
    with started(home, **again) as run:
        assert run.make_organization("kept") == CONFLICT
        run.end()

    assert {file.owner() for file in home.rglob("*")} == {machine.folder.owner()}


def push_without_a_key(machine: Machine, url: str) -> int:
    """The exit code of the command line that was set up, run from elsewhere."""
    ended = subprocess.run(
        [machine.folder / ".venv" / "bin" / "spooled", "push", "emails"],
        cwd="/",
        env={**machine.settings, "PATH": MINIMAL_PATH, "SPOOLED_URL": url},
        user=machine.user.pw_uid if machine.user else None,
        check=False,
    )
    return ended.returncode
