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


INSTALLS_UV = """#!/bin/sh
case "$*" in
*" venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
*" config list"*) echo "global.extra-index-url='https://one.example https://two.example'"
    echo "global.index-url='https://main.example/simple'" ;;
*uv.txt*)
    cat .venv/uv.txt >asked-of-pip
    cp uv .venv/bin/uv ;;
*install*) echo "$*" >>asked-of-pip ;;
esac
"""
UV = """#!/bin/sh
echo "$UV_DEFAULT_INDEX $UV_INDEX $*" >asked-of-uv
exit $(cat uv-ends-with)
"""
LOCK = r"""uvicorn==1 \
    --hash=sha256:aa
uv==1 \
    --hash=sha256:bb \
    --hash=sha256:cc
zipp==1
"""


@pytest.fixture
def with_uv(folder: Path) -> Path:
    """The project folder with a lock that has uv in it, and a Python whose pip says what it was asked."""
    (folder / "requirements" / "dev.txt").write_text(LOCK)
    for name, program in {"python3": INSTALLS_UV, "uv": UV}.items():
        (folder / name).write_text(program)
        (folder / name).chmod(0o755)
    return folder


def test_uv_installs_what_pip_would(with_uv: Path) -> None:
    """By the hashes of the lock, uv's own among them, and from the indexes that pip is told of."""
    (with_uv / "uv-ends-with").write_text("0")
    ended = set_up(with_uv, PYTHON=str(with_uv / "python3"), UV_DEFAULT_INDEX="", UV_INDEX="")
    asked = (with_uv / "asked-of-uv").read_text()

    assert ended.returncode == 0, ended.stderr
    assert asked.startswith("https://main.example/simple https://one.example https://two.example pip install")
    assert "--require-hashes --no-deps" in asked
    assert "-r requirements/run.txt" in asked
    assert (with_uv / "asked-of-pip").read_text().split() == [
        "uv==1", "\\", "--hash=sha256:bb", "\\", "--hash=sha256:cc",
    ]  # fmt: skip


def test_pip_installs_what_uv_cannot(with_uv: Path) -> None:
    """By the same hashes, where uv does not reach the packages."""
    (with_uv / "uv-ends-with").write_text("1")
    ended = set_up(with_uv, PYTHON=str(with_uv / "python3"))

    assert ended.returncode == 0, ended.stderr
    assert "--require-hashes --no-deps" in (asked := (with_uv / "asked-of-pip").read_text())
    assert "-r requirements/run.txt" in asked
    assert (with_uv / ".venv" / "run").exists()
