"""The stacks as the program declares them, once for all tests that only look."""

import pytest

from tests.support.program import LOCAL, Program, run_program


@pytest.fixture(scope="session")
def local() -> Program:
    return run_program(LOCAL)
