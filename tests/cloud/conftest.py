"""The stacks as the program declares them, and small functions that a test writes for itself."""

from pathlib import Path

import pytest

from tests.support.lambdas import Workshop
from tests.support.program import LOCAL, Program, run_program


@pytest.fixture(scope="session")
def local() -> Program:
    return run_program(LOCAL)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Runs functions written by the test, with the real runtime client."""
    return Workshop(tmp_path)
