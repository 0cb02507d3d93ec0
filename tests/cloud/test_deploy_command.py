"""`make deploy`: what it asks of the Pulumi engine, which cannot be had here.

A program of the test's own takes the engine's place on the PATH and writes down how it was called. What the
engine does then is not shown.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from infra.archives import ROOT
from infra.config import Config
from infra.deploy import main, plan
from infra.errors import ConfigError
from infra.sections import Concurrency
from infra.stack_file import own_values

PARALLEL = 16
"""Producers or workers that somebody who tries the service out may start at once."""

_ENGINE = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([sys.argv[1:], os.environ.get("PULUMI_BACKEND_URL")]), file=calls)
sys.exit(int(os.environ.get("ENGINE_FAILS", "0")))
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in for the engine; its calls are the lines of the file."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(_ENGINE)
    program.chmod(0o755)
    calls = tmp_path / "calls"
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("CALLS", str(calls))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return calls


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands other than the engine's are written down, and not run: what packages has tests of its own."""
    others: list[list[str]] = []
    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        if Path(command[0]).name == "pulumi":
            return real(command, **options)
        others.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("infra.deploy.subprocess.run", run)
    return others


@pytest.fixture
def localstack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Something that answers as LocalStack does when it is up."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/_localstack/health" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield url
        server.shutdown()


def _calls(engine: Path) -> list[Any]:
    return [json.loads(line) for line in engine.read_text().splitlines()]


def test_production_is_packaged_selected_and_brought_up(engine: Path, packaged: list[list[str]]) -> None:
    """In this order, with the stack's own file, and with the engine's own question before it changes any."""
    assert main(["prod"]) == 0
    assert packaged == [[sys.executable, "-m", "infra.package"]]
    infra = str(ROOT / "infra")
    assert _calls(engine) == [
        [["-C", infra, "stack", "select", "--create", "prod"], None],
        [["-C", infra, "up", "--stack", "prod"], None],
    ]


@pytest.mark.usefixtures("packaged")
def test_failure_of_the_engine_is_passed_on(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine refuses ends the command there, with the engine's own status."""
    monkeypatch.setenv("ENGINE_FAILS", "255")

    assert main(["prod"]) == 255
    assert len(_calls(engine)) == 1


@pytest.mark.parametrize(("arguments", "told"), [([], "no stack is named"), (["prd"], "no stack 'prd'")])
@pytest.mark.usefixtures("engine")
def test_unknown_stack_is_refused(
    arguments: list[str], told: str, packaged: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is packaged, with the stacks that there are."""
    assert main(arguments) == 1
    assert packaged == []
    said = capsys.readouterr().err
    assert told in said
    assert "one of local, prod" in said


def test_missing_engine_is_told(
    packaged: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where to get the engine, and what runs without it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main(["prod"]) == 1
    assert packaged == []
    said = capsys.readouterr().err
    assert "no `pulumi` on the PATH" in said
    assert "make cloud" in said


@pytest.mark.usefixtures("engine")
def test_local_goes_to_localstack(localstack: str, tmp_path: Path) -> None:
    """Every service at its address, with credentials that mean nothing, and a state that stays here."""
    servers = {"DATABASE_URL": "postgresql://postgres/spooled", "REDIS_URL": "redis://valkey:6379/0"}
    commands, environment = plan("local", tmp_path / "pulumi", {**os.environ, **servers})
    config_file = tmp_path / "pulumi" / "Pulumi.local.yaml"
    config = yaml.safe_load(config_file.read_text())["config"]

    assert [command[3:] for command in commands] == [
        ["stack", "select", "--create", "local"],
        ["up", "--stack", "local", "--config-file", str(config_file), "--yes", "--skip-preview"],
    ]
    assert environment["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/pulumi"
    (endpoints,) = config["aws:endpoints"]
    assert set(endpoints.values()) == {localstack}
    assert {"lambda", "apigatewayv2", "scheduler", "s3", "secretsmanager", "iam"} <= endpoints.keys()
    assert (config["aws:accessKey"], config["aws:s3UsePathStyle"]) == ("test", True)
    assert config_file.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("engine", "localstack")
def test_local_configuration_is_one_that_the_program_takes(tmp_path: Path) -> None:
    """As the engine hands it over: text, and JSON for what has parts."""
    plan("local", tmp_path, {**os.environ, "DATABASE_URL": "postgresql://postgres/spooled"})
    config = yaml.safe_load((tmp_path / "Pulumi.local.yaml").read_text())["config"]
    read = Config.read("local", own_values(config))

    assert read.database_url is not None
    assert read.database_url.get_secret_value() == "postgresql://postgres/spooled"
    assert read.concurrency != Concurrency()
    # The official clients send a POST that was refused with 503 no second time.
    assert read.concurrency.hot is None
    assert read.concurrency.waiting >= PARALLEL


@pytest.mark.usefixtures("engine")
def test_silent_localstack_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack `local` never goes to AWS because nothing answers here."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(ConfigError, match=r"LocalStack does not answer at http://127\.0\.0\.1:9"):
        plan("local", tmp_path, os.environ)


def test_make_target_passes_the_stack() -> None:
    """`make deploy STACK=prod` is the command of this file."""
    # `make test` above us would otherwise have its say in what this one prints.
    shown = subprocess.run(
        ["make", "--no-print-directory", "-n", "deploy", "STACK=prod"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.splitlines()[-1].endswith("python -m infra.deploy prod")
