"""`spooled push`: what is given becomes jobs, and what does not is told."""

import json
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from shared.command.exits import Exit
from tests.support.command import COMMAND, CommandLine
from tests.support.run import ROOT


def test_all_of_a_job(spooled: CommandLine) -> None:
    """Every option arrives in the job."""
    options = [
        "--delay",
        "1h30m",
        "--priority",
        "-5",
        "--key",
        "k-1",
        "--max-retries",
        "7",
        "--timeout",
        "2m",
    ]
    pushed = spooled(
        "push", "mails", '{"to":"ada"}', *options, "--tag", "kind=new", "--tag", "at=x=y", "--json"
    )
    job = pushed.json

    assert pushed.code == Exit.DONE
    assert job["payload"] == {"to": "ada"}
    assert (job["queue_name"], job["status"], job["priority"]) == ("mails", "scheduled", -5)
    assert (job["max_retries"], job["timeout_seconds"]) == (7, 120)
    assert job["tags"] == {"kind": "new", "at": "x=y"}
    assert job["idempotency_key"] == "k-1"


def test_an_input_that_breaks(spooled: CommandLine) -> None:
    """When lines can be read no further, it is told and does not wait for ever."""
    # The first page of this process, which Linux lets nobody have.
    ended = spooled("push", "mails", "--lines", "@/proc/self/mem")

    assert ended.code == Exit.FAILED
    assert "cannot be read any further" in ended.err


def test_closed_streams(spooled: CommandLine) -> None:
    """A program that lends no standard streams is one with empty input, whose job is made all the same."""
    lent = f"{shlex.join(COMMAND)} push mails --lines <&- >&- 2>&-"
    pushed = f"{shlex.join(COMMAND)} push mails {{}} <&- 2>&-"
    empty = subprocess.run(lent, shell=True, env=spooled.environment, cwd=ROOT, check=False)
    made = subprocess.run(
        pushed, shell=True, env=spooled.environment, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert empty.returncode == Exit.DONE
    assert made.returncode == Exit.DONE
    assert made.stdout.startswith("job_")


@pytest.mark.parametrize("payload", ["[" * 50_000 + "]" * 50_000, '"\udcff"', "NaN", "{"])
def test_what_is_no_payload(spooled: CommandLine, payload: str) -> None:
    """What JSON cannot hold, or nobody can read, is a wrong command line and no stack trace."""
    ended = spooled("push", "mails", payload)

    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert "not JSON" in ended.err


def test_a_person_gets_the_id(spooled: CommandLine) -> None:
    """Standard output is the id alone, so that a shell can keep it; a known key says so beside it."""
    first = spooled("push", "mails", "--key", "same", "--tag", "new")
    again = spooled("push", "mails", "[1]", "--key", "same")

    assert first.out == again.out
    assert first.out.startswith("job_")
    assert first.err == ""
    assert "known" in again.err


@pytest.mark.parametrize(
    ("payload", "stdin", "options", "arrived"),
    [
        (None, b"", [], {}),
        ("-", b' {"from": "pipe"}\n', [], {"from": "pipe"}),
        ("@{file}", b"", [], ["from", "file"]),
        ("plain words", b"", ["--text"], "plain words"),
        ("@not-a-file", b"", ["--text"], "@not-a-file"),
        ("123456789012345678901234567890", b"", [], 123456789012345678901234567890),
    ],
)
def test_payloads(
    spooled: CommandLine,
    tmp_path: Path,
    payload: str | None,
    stdin: bytes,
    options: list[str],
    arrived: object,
) -> None:
    """A payload is an argument, the input, a file or text."""
    file = tmp_path / "payload.json"
    file.write_text('["from", "file"]')
    given = [] if payload is None else [payload.replace("{file}", str(file))]
    pushed = spooled("push", "mails", *given, *options, "--json", stdin=stdin)

    assert pushed.json["payload"] == arrived


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["push"], "QUEUE"),
        (["push", "mails", "{not json"], "not JSON"),
        (["push", "mails", "NaN"], "not JSON"),
        (["push", "mails", "@/no/such/file"], "No such file"),
        (["push", "mails", "--delay", "soon"], "no duration"),
        (["push", "mails", "--at", "tomorrow"], "no time"),
        (["push", "mails", "--at", "2030-01-01", "--delay", "1"], "exclude"),
        (["push", "mails", "--tag", "a", "--tag", "b=c"], "NAME=VALUE"),
        (["push", "mails", "--timeout", "0.5s"], "whole seconds"),
        (["push", "mails", "--rejected", "/dev/null"], "--lines"),
        (["push", "mails", "{}", "--lines"], "@FILE"),
        (["push", "mails", "--url", "localhost"], "http://"),
        (["pusch"], "pusch"),
    ],
)
def test_a_wrong_command_line(spooled: CommandLine, arguments: list[str], said: str) -> None:
    """What is wrong with it is said, with the exit code of usage, and nothing goes out."""
    ended = spooled(*arguments)

    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err


def test_a_line_is_a_job(spooled: CommandLine) -> None:
    """Each line becomes one job in the order of the input; empty lines and Windows' ends are nothing."""
    lines = [json.dumps({"n": n}) for n in range(1200)]
    pushed = spooled("push", "bulk", "--lines", "--json", stdin="\n\n".join(lines).encode() + b"\r\n")
    told = pushed.lines

    assert pushed.code == Exit.DONE
    assert [line["line"] for line in told] == list(range(1, 2400, 2))
    assert all(line["created"] for line in told)
    assert len({line["job_id"] for line in told}) == 1200
    assert "1200 pushed, 0 rejected" in pushed.err


def test_bad_lines_are_told_and_kept(spooled: CommandLine, tmp_path: Path) -> None:
    """The other lines become jobs; each bad one is named, and written where it can be mended."""
    long = json.dumps("x" * 300_000)
    stdin = f'{{"n": 1}}\n{{oops\n"two"\n\xff\n{long}\n3'.encode("latin-1")
    rejected = tmp_path / "bad.jsonl"
    pushed = spooled("push", "bulk", "--lines", "--rejected", str(rejected), stdin=stdin)

    assert pushed.code == Exit.FAILED
    assert "line 2: not JSON" in pushed.err
    assert "line 4: not JSON" in pushed.err
    assert rejected.read_bytes().startswith(b"{oops\n\xff\n")


def test_one_refused_line_harms_no_other(spooled: CommandLine) -> None:
    """What the service refuses of a request is found, and the rest of it is pushed."""
    stdin = b'{"n": 1}\n{"n": 2}\n{"bad": "\\u0000"}\n{"n": 4}\n{"n": 5}\n'
    pushed = spooled("push", "bulk", "--lines", "--json", stdin=stdin)

    assert pushed.code == Exit.FAILED
    assert sorted(told["line"] for told in pushed.lines if "job_id" in told) == [1, 2, 4, 5]
    assert [told["line"] for told in pushed.lines if "error" in told] == [3]


def test_pushed_twice_with_a_key(spooled: CommandLine, tmp_path: Path) -> None:
    """The same lines with the same key are the same jobs: a run that broke off is run again."""
    file = tmp_path / "jobs.jsonl"
    file.write_text("1\n2\n3\n")
    first = spooled("push", "bulk", f"@{file}", "--lines", "--key", "import-7", "--json")
    file.write_text("1\n2\n3\n4\n")
    again = spooled("push", "bulk", f"@{file}", "--lines", "--key", "import-7", "--json")

    assert [told["job_id"] for told in again.lines][:3] == [told["job_id"] for told in first.lines]
    assert [told["created"] for told in again.lines] == [False, False, False, True]


def test_interrupted(spooled: CommandLine) -> None:
    """Ctrl-C ends it with what was pushed so far; lines that come slowly are not held back."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A shell's background, in which tests may run, ignores Ctrl-C, and what is started there does too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = spooled.start("push", "bulk", "--lines", "--json", bufsize=1, **pipes)
    signal.signal(signal.SIGINT, before)
    assert process.stdin
    assert process.stdout
    for number in (1, 2):
        process.stdin.write("{}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["line"] == number
    process.send_signal(signal.SIGINT)
    # Only then the end of the input, which would be an end of another kind.
    code = process.wait()
    _, said = process.communicate()

    assert code == Exit.INTERRUPTED
    assert "2 pushed, 0 rejected." in said
    assert "Traceback" not in said
