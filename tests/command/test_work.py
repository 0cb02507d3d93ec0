"""`spooled work`: what a program is given, what becomes of its end, and when the worker ends."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.command.exits import Exit
from tests.support.command import CommandLine, Ended

ONCE = ("--stop-when-empty", "--grace", "0.2s")


@pytest.fixture
def api(spooled: CommandLine) -> Iterator[httpx.Client]:
    """The organization past the command line."""
    headers = {"Authorization": f"Bearer {spooled.key}"}
    with httpx.Client(base_url=f"{spooled.url}/api/v1", headers=headers, timeout=30) as opened:
        yield opened


def work(spooled: CommandLine, script: str, *options: str, queue: str = "work") -> Ended:
    """Work on what is due with a shell script."""
    return spooled("work", queue, *ONCE, *options, "--", "sh", "-c", script)


def job(api: httpx.Client, pushed: Ended) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/jobs/{pushed.out.strip()}").raise_for_status().json()
    return found


def test_what_a_program_is_given(spooled: CommandLine, api: httpx.Client) -> None:
    """The payload on standard input, and the facts of the job in the environment."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = {"queue_name": "work", "payload": {"ä": ["\n", 1.5]}, "tags": ["x"], "idempotency_key": "k"}
    made = api.post("/jobs", json=body | {"timeout_seconds": 77}, headers={"traceparent": trace}).json()
    program = "import json, os, sys; print(json.dumps([json.load(sys.stdin), dict(os.environ)]))"
    ended = spooled("work", "work", *ONCE, "--", sys.executable, "-c", program, SPOOLED_JOB_TAGS="of before")
    payload, environment = api.get(f"/jobs/{made['id']}").json()["result"]

    assert ended.code == Exit.DONE
    assert payload == body["payload"]
    assert environment["SPOOLED_JOB_ID"] == made["id"]
    assert (environment["SPOOLED_QUEUE"], environment["SPOOLED_ATTEMPT"]) == ("work", "1")
    assert (environment["SPOOLED_MAX_RETRIES"], environment["SPOOLED_JOB_TIMEOUT"]) == ("3", "77")
    assert (environment["SPOOLED_JOB_IDEMPOTENCY_KEY"], environment["SPOOLED_JOB_TAGS"]) == ("k", '["x"]')
    assert environment["TRACEPARENT"].split("-")[1] == trace.split("-")[1]
    assert "SPOOLED_JOB_LAST_ERROR" not in environment


def test_a_fact_too_long_for_an_environment(
    spooled: CommandLine, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out; the job runs, and does not stop the worker for all others."""
    monkeypatch.setattr("shared.command.worker.environment.LONGEST", 1_000)
    body = {"queue_name": "work", "payload": {}, "tags": ["x" * 1_100]}
    made = api.post("/jobs", json=body).json()
    ended = work(spooled, 'test -z "$SPOOLED_JOB_TAGS"')

    assert ended.code == Exit.DONE
    assert api.get(f"/jobs/{made['id']}").json()["status"] == "completed"


def test_nobody_reads_what_a_program_says(spooled: CommandLine, api: httpx.Client) -> None:
    """A worker whose lines go into a closed pipe works on, and its program does not die of it."""
    pushed = spooled("push", "work")
    script = "echo one >&2; sleep 0.1; echo two >&2; sleep 0.1; echo three >&2"
    read, write = os.pipe()
    os.close(read)
    command = ("work", "work", *ONCE, "--", "sh", "-c", script)
    process = spooled.start(*command, stderr=write, stdout=subprocess.DEVNULL)
    os.close(write)
    process.wait()

    assert job(api, pushed)["status"] == "completed"


def test_the_whole_job(spooled: CommandLine, api: httpx.Client) -> None:
    """On request the program reads the job itself."""
    pushed = spooled("push", "work", "7")
    work(spooled, "cat", "--whole-job")
    result = job(api, pushed)["result"]

    assert (result["id"], result["payload"]) == (pushed.out.strip(), 7)


@pytest.mark.parametrize(
    ("script", "result", "said"),
    [
        ("echo '[1, 2]'", [1, 2], ""),
        ("true", None, ""),
        ("echo sent; echo to all", None, "sent\nto all\n"),
        ("echo '{\"a\": 1}'; echo talks >&2", {"a": 1}, "talks\n"),
        ("printf '\\377'", None, "\ufffd\n"),
        ("echo NaN", None, "NaN\n"),
        ("printf unended >&2", None, "unended\n"),
        ("head -c 9000 /dev/zero | tr '\\0' '['", None, "[" * 9000 + "\n"),
    ],
)
def test_results(spooled: CommandLine, api: httpx.Client, script: str, result: object, said: str) -> None:
    """Standard output is the result when it is JSON, and shown when not; standard error is always shown."""
    pushed = spooled("push", "work")
    ended = work(spooled, script)
    done = job(api, pushed)

    assert (done["status"], done["result"]) == ("completed", result)
    assert ended.err == f"{said}Ended: 1 completed.\n"
    assert f"{done['id']} of work, attempt 1: completed" in ended.out


def test_a_large_output_is_no_result(spooled: CommandLine, api: httpx.Client) -> None:
    """A program that writes without end is done all the same; what it wrote is kept out of the job."""
    pushed = spooled("push", "work")
    work(spooled, "head -c 3000000 /dev/zero | tr '\\0' 1")

    assert (job(api, pushed)["status"], job(api, pushed)["result"]) == ("completed", None)


@pytest.mark.parametrize(
    ("script", "options", "error", "status"),
    [
        ("exit 4", (), "exit code 4", "pending"),
        ("echo only here; exit 4", (), "exit code 4: only here", "pending"),
        ("exit 65", (), "exit code 65", "deadletter"),
        ("exit 65", ("--no-retry-exit", "78"), "exit code 65", "pending"),
        ("exit 78", ("--no-retry-exit", "78"), "exit code 78", "deadletter"),
        ("kill -SEGV $$", (), "killed by SIGSEGV", "pending"),
        ("sleep 9", ("--timeout", "0.2s"), "Job timeout exceeded: 0.2 s", "pending"),
    ],
)
def test_failures(
    spooled: CommandLine, api: httpx.Client, script: str, options: tuple[str, ...], error: str, status: str
) -> None:
    """How it ended is the error; some exit codes say that another try would not help."""
    pushed = spooled("push", "work")
    ended = work(spooled, script, "--json", *options)
    failed = job(api, pushed)

    assert ended.code == Exit.DONE
    assert (failed["last_error"], failed["status"]) == (error, status)
    assert ended.lines[0]["outcome"] == ("deadletter" if status == "deadletter" else "failed")
    assert (ended.lines[0]["job_id"], ended.lines[0]["error"]) == (failed["id"], error)


def test_a_long_error_keeps_its_end(spooled: CommandLine, api: httpx.Client) -> None:
    """Of a long story the last lines are kept, each whole."""
    pushed = spooled("push", "work")
    work(spooled, "seq 1 5000 >&2; exit 1")
    head, *lines = str(job(api, pushed)["last_error"]).split()[2:]

    assert head == "1:"
    assert [int(line) for line in lines] == list(range(int(lines[0]), 5001))
    assert len(lines) > 300


def test_all_that_a_program_started_is_stopped(spooled: CommandLine, tmp_path: Path) -> None:
    """After the time of a job nothing of its process group is left, even what ignores SIGTERM."""
    pid = tmp_path / "pid"
    spooled("push", "work")
    work(
        spooled,
        f"(trap '' TERM; echo $$ >{pid}; exec sleep 60) & trap '' TERM; wait; sleep 60",
        "--timeout",
        "0.3s",
    )
    process = Path("/proc") / pid.read_text().strip() / "stat"

    assert not process.exists() or process.read_text().rpartition(")")[2].split()[0] == "Z"


def test_what_a_program_leaves_running_holds_nobody_up(spooled: CommandLine, api: httpx.Client) -> None:
    """A program that goes into the background with its output open is done when it ends."""
    pushed = spooled("push", "work")
    ended = work(spooled, "sleep 5 & echo 1", "--json")

    assert job(api, pushed)["result"] == 1
    assert ended.lines[0]["seconds"] < 4


def test_queues_in_their_order(spooled: CommandLine) -> None:
    """Of two queues the one that is named first goes first."""
    for queue in ("low", "high", "low", "high"):
        spooled("push", queue)
    ended = spooled("work", "high", "low", *ONCE, "--json", "--", "true")

    assert [told["queue"] for told in ended.lines] == ["high", "high", "low", "low"]


def test_a_queue_that_waits_does_not_hide_another(spooled: CommandLine) -> None:
    """With nothing due it waits at all its queues at once, and takes what comes to any."""
    push = shlex.join([sys.executable, "-m", "shared.command", "push", "second"])
    spooled("push", "first")
    script = f'test "$SPOOLED_QUEUE" = second || {push} >&2'
    ended = spooled(
        "work", "first", "second", "--max-jobs", "2", "--wait", "1", "--json", "--", "sh", "-c", script
    )

    assert [told["queue"] for told in ended.lines] == ["first", "second"]


def test_no_more_than_it_was_told(spooled: CommandLine, api: httpx.Client) -> None:
    """After `--max-jobs` it ends, and the other jobs have not been touched."""
    spooled("push", "work", "--lines", stdin=b"1\n2\n3\n4\n5\n")
    ended = spooled("work", "work", "--max-jobs", "3", "--concurrency", "2", "--json", "--", "true")

    assert len(ended.lines) == 3
    assert api.get("/queues/work/stats").json()["pending"] == 2


def test_it_ends_in_time(spooled: CommandLine) -> None:
    """After `--max-time` it takes no more, also in the middle of waiting."""
    ended = spooled("work", "work", "--max-time", "0.1s", "--wait", "1", "--", "true")

    assert (ended.code, ended.err) == (Exit.DONE, "Ended: no jobs.\n")


def test_the_list_of_workers(spooled: CommandLine, api: httpx.Client) -> None:
    """It is listed with its queues while it works, without what the command line says, and not afterwards."""
    pushed = spooled("push", "work")
    program = (
        "import os, sys, urllib.request as r;"
        "head = {'Authorization': 'Bearer ' + os.environ['SPOOLED_API_KEY']};"
        "print(r.urlopen(r.Request(sys.argv[1], headers=head)).read().decode())"
    )
    options = (*ONCE, "--worker-id", "listed-1", "--concurrency", "3")
    whoami = f"{spooled.url}/api/v1/workers/listed-1"
    spooled("work", "work", "more", *options, "--", sys.executable, "-c", program, whoami)
    listed = job(api, pushed)["result"]

    assert (listed["queue_names"], listed["max_concurrency"]) == (["work", "more"], 3)
    assert (listed["status"], listed["worker_type"]) == ("healthy", "command")
    assert "urllib" not in json.dumps(listed)
    assert api.get("/workers").json() == []


def test_a_key_that_may_not_register(spooled: CommandLine, api: httpx.Client) -> None:
    """The rights of a plain worker will do: it only is not listed."""
    key = api.post("/api-keys", json={"name": "plain", "permissions": ["jobs:write"]}).json()["key"]
    plain = CommandLine(spooled.url, key)
    pushed = spooled("push", "work")
    ended = work(plain, "true")

    assert (ended.code, job(api, pushed)["status"]) == (Exit.DONE, "completed")
    assert "without being listed" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("work", "mails"), Exit.USAGE, "after --"),
        (("work", "--", "true"), Exit.USAGE, "QUEUES"),
        (("work", "mails", "--", "no-such-program"), Exit.USAGE, "no-such-program"),
        (("work", "mails", "--lease", "2s", "--", "true"), Exit.USAGE, "5 to 3600"),
        (("work", "mails", "--wait", "60", "--", "true"), Exit.USAGE, "1 to 20 seconds"),
        (("work", "mails", "--wait", "0", "--", "true"), Exit.USAGE, "1 to 20 seconds"),
        (("work", "mails", "--timeout", "0", "--", "true"), Exit.USAGE, "no run is that short"),
        (("work", "no such name!", "--", "true"), Exit.FAILED, "queue_name"),
    ],
)
def test_a_wrong_command_line(
    spooled: CommandLine, arguments: tuple[str, ...], code: Exit, said: str
) -> None:
    """It is refused before any job is taken."""
    ended = spooled(*arguments)

    assert ended.code == code
    assert said in ended.err


def test_a_wrong_key(spooled: CommandLine) -> None:
    """A worker without a right to anything ends at once instead of trying for ever."""
    assert (
        CommandLine(spooled.url, "sk_live_of_nobody_at_all")("work", "mails", "--", "true").code
        == Exit.FORBIDDEN
    )


def test_a_program_that_is_gone(spooled: CommandLine, api: httpx.Client, tmp_path: Path) -> None:
    """When the program cannot be started, the job is given back unused and the worker ends."""
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    pushed = spooled("push", "work")
    ended = spooled("work", "work", "--", str(program))
    back = job(api, pushed)

    assert ended.code == Exit.FAILED
    assert "cannot be started" in ended.err
    assert (back["status"], back["retry_count"], back["last_error"]) == ("pending", 0, None)
