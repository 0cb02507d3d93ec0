"""A failure of the suite is asked again only where chance may be its cause."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.suite import MOST, may_be_asked_again

TREE = Path(__file__).parents[2]
ONCE = """
from pathlib import Path

def test_once():
    was_seen = Path("seen").exists()
    Path("seen").touch()
    assert was_seen
"""


def run_suite(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """The suite of a folder that holds one test."""
    (folder / "test_one.py").write_text(test)
    program = [sys.executable, "-m", "tests.support.suite", "-p", "no:xdist", f"--rootdir={folder}", "-q"]
    environment = {"PYTHONPATH": str(TREE), "PATH": "/usr/bin:/bin"}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_test_that_passes_alone_is_named(tmp_path: Path) -> None:
    """What failed once and then passed lets the suite pass, and is told as something to mend."""
    ran = run_suite(tmp_path, ONCE)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed alone, to be mended: test_one.py::test_once" in ran.stdout


def test_a_test_that_fails_twice_fails(tmp_path: Path) -> None:
    """What fails alone too is a failure."""
    ran = run_suite(tmp_path, "def test_never():\n    assert False\n")

    assert ran.returncode == 1
    assert "passed alone" not in ran.stdout


@pytest.mark.parametrize(
    "failed",
    [
        [],
        ["tests/http/test_jobs.py"],
        ["tests/property/test_ids.py::test_order"],
        ["tests/http/test_jobs.py::test_one", "tests/chaos/test_short.py::test_nothing_is_lost"],
        [f"tests/http/test_jobs.py::test_{n}" for n in range(MOST + 1)],
    ],
)
def test_what_chance_does_not_explain_stands(failed: list[str]) -> None:
    """Modules that cannot be loaded, counterexamples and many failures are not asked again."""
    assert not may_be_asked_again(failed)
