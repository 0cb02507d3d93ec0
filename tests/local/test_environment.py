"""Setting up says what is missing, and never trusts an environment that was not finished."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder with nothing in it but the script and an empty lock."""
    (tmp_path / "localstack").mkdir()
    shutil.copy(ROOT / "localstack" / "environment.sh", tmp_path / "localstack")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text("")
    return tmp_path


def set_up(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "localstack/environment.sh", "run"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "program", ["exit 1", 'case "$2" in *ensurepip*) exit 1;; esac'], ids=["too old", "without ensurepip"]
)
def test_an_unfit_python_is_said(folder: Path, program: str) -> None:
    """Without a Python that will do, the message says what to install, and nothing is made."""
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o755)
    ended = set_up(folder, PYTHON=str(python))

    assert ended.returncode == 1
    assert "Python 3.11" in ended.stderr
    assert "python3-venv" in ended.stderr
    assert not (folder / ".venv").exists()


def test_an_unfinished_environment_is_made_anew(folder: Path) -> None:
    """An installation that was cut off leaves no mark, so the next one starts from nothing."""
    remains = folder / ".venv" / "lib" / "half-a-package"
    remains.parent.mkdir(parents=True)
    remains.write_text("")
    python = folder / "python3"
    python.write_text(
        '#!/bin/sh\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python"\n',
    )
    python.chmod(0o755)
    ended = set_up(folder, PYTHON=str(python))

    assert ended.returncode == 0, ended.stderr
    assert not remains.exists()
    assert (folder / ".venv" / "run").exists()


def test_an_interrupted_installation_leaves_no_mark(folder: Path) -> None:
    """When the installation fails, the environment does not pass for a finished one."""
    python = folder / "python3"
    python.write_text(
        '#!/bin/sh\n[ "$4" = install ] || [ "$3" = install ] && exit 1\n'
        '[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python"\n',
    )
    python.chmod(0o755)
    ended = set_up(folder, PYTHON=str(python))

    assert ended.returncode != 0
    assert not (folder / ".venv" / "run").exists()
