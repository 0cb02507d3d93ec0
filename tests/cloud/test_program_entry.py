"""What the engine runs: the folder `infra` as a program, with the configuration of a stack."""

import os
import runpy
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import config as pulumi_config

from infra.archives import read_archives
from infra.errors import ConfigError
from tests.support.program import LOCAL, run_under_mocks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    for name in ("functions", "dependencies-arm64"):
        (tmp_path / f"{name}.zip").write_bytes(name.encode())
    return tmp_path


def run_folder(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run `infra` as the engine does, from its own folder; the types of what it declared."""
    monkeypatch.chdir(ROOT / "infra")
    monkeypatch.setattr(sys, "path", ["", str(ROOT / "infra"), *sys.path])

    def program() -> None:
        pulumi_config.set_all_config({f"spooled:{name}": value for name, value in values.items()}, [])
        runpy.run_path(os.fspath(ROOT / "infra"), run_name="__main__")

    return [found.type for found in run_under_mocks("test", program).resources]


def test_the_folder_is_a_program(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules do not hide those of Python, and the whole stack is declared."""
    types = run_folder(LOCAL | {"archives": str(dist)}, monkeypatch)

    assert "aws:lambda/function:Function" in types


def test_a_wrong_configuration_ends_it_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack trace: the engine prints the message of this error alone."""
    with pytest.raises(pulumi.RunError, match="did you mean memoryMb"):
        run_folder(LOCAL | {"memoryMB": "512"}, monkeypatch)


def test_archives_that_were_not_made_end_it_with_a_message(tmp_path: Path) -> None:
    """The message says which command makes them."""
    with pytest.raises(ConfigError, match=r"functions\.zip is not there; `make package` makes it"):
        read_archives("arm64", tmp_path)
