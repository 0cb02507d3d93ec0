"""What is declared and uploaded, once for all tests that only look; and functions to run."""

import fcntl
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.archives import Archives
from infra.declared import Declared, read_functions
from localstack.cloud.emulator import Emulator
from localstack.cloud.endpoint import Endpoint
from tests.support.emulated import small_archives
from tests.support.lambdas import Workshop
from tests.support.package import Packages
from tests.support.program import LOCAL, PROD, STREAMS, Program, run_program
from tests.support.tree import small_tree

Declare = Callable[..., Program]


@pytest.fixture(scope="session")
def declare_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Declare:
    """Runs the program by name: one worker of the session does, and the others read what it has declared."""
    own = tmp_path_factory.getbasetemp()
    folder = own if worker_id == "master" else own.parent

    def declare(name: str, values: dict[str, str], **options: Any) -> Program:
        kept = folder / f"{name}.program"
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(run_program(values, **options)))
        program: Program = pickle.loads(kept.read_bytes())
        return program

    return declare


@pytest.fixture(scope="session")
def local(declare_once: Declare) -> Program:
    return declare_once("local", LOCAL)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tree(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="session")
def some(tree: Path) -> list[Declared]:
    """The functions that `prod` has."""
    return read_functions(tree)


@pytest.fixture(scope="session")
def prod(declare_once: Declare, tree: Path) -> Program:
    """A production stack with everything, and with some of the functions."""
    return declare_once("prod", PROD | {"streams": STREAMS}, functions=tree)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Runs functions written by the test, with the real runtime client."""
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Packages:
    """The archives that a deployment uploads, as `make package` builds them."""
    assert pytestconfig.cache
    return Packages(pytestconfig.cache.mkdir("packages"))


@pytest.fixture(scope="session")
def cloud() -> Iterator[Endpoint]:
    """The emulated cloud of this worker, for stacks of different names."""
    with Emulator() as emulated:
        yield emulated


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Archives with a file in each."""
    return small_archives(tmp_path_factory.mktemp("archives"))
