"""The programs of `examples/command`, as the page shows them."""

import shutil

import pytest

from tests.support.command import CommandLine
from tests.support.run import ROOT

PROGRAMS = ROOT / "examples/command"


def outcome(spooled: CommandLine, payload: str, *program: str) -> dict[str, str]:
    """What became of one job, and the result or error that it has."""
    pushed = spooled("push", "examples", payload, "--max-retries", "0").out.strip()
    (told,) = spooled("work", "examples", "--stop-when-empty", "--json", "--", *program).lines

    assert told["job_id"] == pushed
    return {"outcome": told["outcome"], "error": told["error"]}


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_mail_in_php(spooled: CommandLine) -> None:
    """It sends to an address, and refuses a job without one for good."""
    program = ("php", str(PROGRAMS / "mail.php"))

    assert outcome(spooled, '{"to": "ada@example.com"}', *program)["outcome"] == "completed"
    assert outcome(spooled, "{}", *program)["error"] == "exit code 65: no address to send to"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_thumbnail_in_node(spooled: CommandLine) -> None:
    """It makes one of a path; an exception is a failed attempt that tells itself."""
    program = ("node", str(PROGRAMS / "thumbnail.js"))

    assert outcome(spooled, '{"path": "a.png"}', *program)["outcome"] == "completed"
    assert "the job names no path" in outcome(spooled, "{}", *program)["error"]


def test_backup_in_the_shell(spooled: CommandLine) -> None:
    """It packs a folder; a folder that is not there fails the attempt with what tar says."""
    program = ("sh", str(PROGRAMS / "backup.sh"))

    assert outcome(spooled, f'{{"folder": "{PROGRAMS}"}}', *program)["outcome"] == "completed"
    assert "/no/such" in outcome(spooled, '{"folder": "/no/such"}', *program)["error"]
