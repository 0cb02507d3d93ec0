"""What the exit code says, how an error is told, and what help costs."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp

from functions.app import every_function
from shared.command.exits import Exit
from shared.command.group import COMMANDS
from shared.command.main import main
from shared.settings import Settings
from tests.support.command import CommandLine
from tests.support.official import new_key
from tests.support.run import ROOT, free_port
from tests.support.served import listening, served

HEAVY = {"httpx", "rich", "asyncio", "pydantic"}


def test_nobody_answers(spooled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that is not there has an exit code of its own, and says where it was looked for."""
    monkeypatch.setattr("shared.command.api.pause_before", lambda *_: 0)
    url = f"http://127.0.0.1:{free_port()}"
    ended = CommandLine(url, spooled.key)("push", "mails", "--quiet")

    assert (ended.code, ended.out) == (Exit.UNREACHABLE, "")
    assert url in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("queues", "--url", "http://[::1"),
        ("jobs", "--since", "99999999999d"),
        ("push", "mails", "--at", "9999-12-31T23:59-12:00"),
        ("push", "mails", "--lines", "@no-such-file"),
        ("keys", "rotate", "key_0", "--overlap", "9" * 400),
        ("keys", "create", "\udcff"),
        ("keys", "rotate", "\udcff"),
        ("jobs", "--queue", "\udcff"),
    ],
)
def test_values_that_nothing_can_be(spooled: CommandLine, arguments: tuple[str, ...]) -> None:
    """A value that no library takes is a wrong command line, not a stack trace."""
    assert spooled(*arguments).code == Exit.USAGE


def test_a_file_that_holds_no_key(spooled: CommandLine, tmp_path: Path) -> None:
    """Bytes that are no text are told as what they are."""
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")

    assert spooled("queues", "--api-key-file", str(file)).code == Exit.FORBIDDEN


def test_a_key_in_place_of_the_file_with_it(spooled: CommandLine) -> None:
    """Who confuses the two is told so, and the key is not repeated."""
    by_option = spooled("queues", "--api-key-file", spooled.key)
    by_variable = spooled("queues", SPOOLED_API_KEY_FILE=spooled.key)

    assert [ended.code for ended in (by_option, by_variable)] == [Exit.USAGE] * 2
    assert spooled.key not in by_option.err + by_variable.err
    assert "--api-key-file" in by_option.err


@pytest.mark.parametrize("command", ["queues", "tail"])
def test_somebody_else_answers(spooled: CommandLine, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A page where the service should be, as of a proxy, is told as such and not as a stack trace."""
    for module in ("api", "events"):
        monkeypatch.setattr(f"shared.command.{module}.pause_before", lambda *_: 0)

    @asynccontextmanager
    async def page() -> AsyncIterator[ASGIApp]:
        yield HTMLResponse("<p>Back soon.</p>")

    with listening(page) as url:
        ended = CommandLine(url, spooled.key)(command, "--quiet")

    assert (ended.code, ended.out) == (Exit.UNREACHABLE, "")
    assert "not Spooled" in ended.err


@pytest.mark.parametrize("key", ["", "sk_live_of_nobody_at_all", "ключ"])
def test_a_key_that_will_not_do(spooled: CommandLine, key: str) -> None:
    """No key, a wrong one and one that none can be are one exit code, and the key is not repeated."""
    ended = CommandLine(spooled.url, key)("push", "mails")

    assert ended.code == Exit.FORBIDDEN
    assert not key or key not in ended.err


def test_a_refusal_tells_field_and_request(spooled: CommandLine) -> None:
    """A person reads which field is wrong and the id of the request; a script gets the same as JSON."""
    told = spooled("push", "no such name!")
    document = json.loads(spooled("push", "no such name!", "--json").err)

    assert told.code == Exit.FAILED
    assert "queue_name" in told.err
    assert "Request id: " in told.err
    assert (document["status"], document["code"]) == (400, "VALIDATION_ERROR")
    assert document["exit_code"] == Exit.FAILED
    assert document["details"][0]["field"] == "queue_name"
    assert document["request_id"]


def test_a_limit_of_the_plan(settings: Settings) -> None:
    """What the plan does not allow is not asked for again; lines that were not sent are told and kept."""
    strict = settings.model_copy(update={"default_plan": "free"})
    with served(strict, every_function()[0]) as running:
        limited = CommandLine(running.url, new_key(running.url))
        lines = b"\n".join(b"%d" % n for n in range(1500))
        ended = limited("push", "mails", "--lines", "--json", stdin=lines)

    assert ended.code == Exit.LIMITED
    assert "limit reached" in ended.err
    assert len({told["line"] for told in ended.lines}) == 1500


def test_the_key_comes_from_a_file(spooled: CommandLine, tmp_path: Path) -> None:
    """A file with the key wins over the variable, which may hold another."""
    file = tmp_path / "key"
    file.write_text(f"{spooled.key}\n")
    other = CommandLine(spooled.url, "sk_live_of_nobody_at_all")

    assert other("push", "mails", "--api-key-file", str(file)).code == Exit.DONE
    assert other("push", "mails", SPOOLED_API_KEY_FILE=str(file)).code == Exit.DONE


def test_a_reader_that_goes(spooled: CommandLine) -> None:
    """Who closes the pipe early, as `head` does, gets no stack trace."""
    process = spooled.start("push", "mails", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == Exit.READER_GONE


def test_a_disk_that_is_full(spooled: CommandLine) -> None:
    """An answer that cannot be written is said to have failed, without a stack trace."""
    with Path("/dev/full").open("w") as full:
        process = spooled.start("push", "mails", stdout=full, stderr=subprocess.PIPE)
        said = str(process.communicate()[1])

    assert process.returncode == Exit.FAILED
    assert said.startswith("Error: ")
    assert "No space left" in said
    assert "Traceback" not in said


def test_a_terminal_that_knows_fewer_characters(spooled: CommandLine) -> None:
    """A name with characters that the output has no bytes for is shown escaped, and JSON is still JSON."""
    spooled("keys", "create", "Café ☃😀")
    environment = spooled.environment | {"PYTHONIOENCODING": "iso-8859-1"}
    told = {}
    for form in ("--quiet", "--json"):
        process = spooled.start("keys", form, stdout=subprocess.PIPE, env=environment, encoding="iso-8859-1")
        told[form] = str(process.communicate()[0])
        assert process.returncode == Exit.DONE

    assert "Café \\u2603" in told["--quiet"]
    assert "Café ☃😀" in [key["name"] for key in json.loads(told["--json"])]


def test_help_says_what_each_command_says() -> None:
    """The list of the commands repeats the first sentence of each one's own help."""
    for name, summary in COMMANDS.items():
        module = import_module(f"shared.command.commands.{name.replace('-', '_')}")
        command = module.command

        assert command.name == name
        assert command.get_short_help_str(limit=200) == summary


def test_every_command_is_listed() -> None:
    """A module of a command without a place in the list would not be found."""
    modules = {file.stem for file in (ROOT / "shared/command/commands").glob("*.py")} - {"__init__"}

    assert modules == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_little(arguments: list[str]) -> None:
    """Help comes at once: nothing is loaded that takes long to load."""
    program = "import sys; from shared.command.main import main; main(sys.argv[1:])\nprint(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "Usage: spooled" in ended.stdout
    assert HEAVY & set(ended.stdout.splitlines()[-1].split()) == set()


def test_without_its_packages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the extra was not installed, it says which package is missing and how to get it."""
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.delitem(sys.modules, "shared.command.running", raising=False)

    assert main([]) == Exit.FAILED
    assert "pip install '.[command]'" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(spooled: CommandLine, shell: str) -> None:
    """Each shell gets its script, and what the script asks is answered with commands and names of queues."""
    assert "_SPOOLED_COMPLETE" in spooled("completion", shell).out

    spooled("push", "mails")
    spooled("push", "reports")
    words = {"_SPOOLED_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        asked = {"COMP_WORDS": "spooled push m", "COMP_CWORD": "m"}
    else:
        asked = {"COMP_WORDS": "spooled push m", "COMP_CWORD": "2"}

    completed = completing(spooled, **words, **asked)
    assert "mails" in completed
    assert "reports" not in completed
    assert "push" in completing(
        spooled, **words, COMP_WORDS="spooled pu", COMP_CWORD="1" if shell != "fish" else "pu"
    )


def completing(spooled: CommandLine, **variables: str) -> str:
    process = spooled.start(stdout=subprocess.PIPE, env=spooled.environment | variables)
    return str(process.communicate()[0])
