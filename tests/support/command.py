"""The command line, run as a user runs it, in the test's own process or in one of its own."""

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any
from unittest import mock

from shared.command.main import main
from tests.support.run import ROOT

COMMAND = (sys.executable, "-m", "shared.command")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document of standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents of standard output, a line each."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """`spooled`, with the settings of one user."""

    url: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        own = {"SPOOLED_URL": self.url, "SPOOLED_API_KEY": self.key}
        return {name: value for name, value in os.environ.items() if not name.startswith("SPOOLED_")} | own

    def __call__(self, *arguments: str, stdin: bytes = b"", **variables: str) -> Ended:
        """Run a command line here, its output going into a pipe."""
        out, err = io.StringIO(), io.StringIO()
        with (
            tempfile.TemporaryFile("w+") as given,
            mock.patch.dict(os.environ, self.environment | variables, clear=True),
            mock.patch.object(sys, "stdin", given),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            given.buffer.write(stdin)
            given.seek(0)
            code = main(list(arguments))
        return Ended(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a command line in a process of its own."""
        return subprocess.Popen(
            [*COMMAND, *arguments], **{"cwd": ROOT, "env": self.environment, "text": True} | options
        )

    def on_a_terminal(self, *arguments: str, **variables: str) -> Ended:
        """Run a command line in a process of its own, whose output is a terminal."""
        ours, theirs = pty.openpty()
        environment = self.environment | {"TERM": "xterm", "COLUMNS": "100"} | variables
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(theirs)
        said = read_to_the_end(ours)
        os.close(ours)
        return Ended(ended.returncode, said, ended.stderr)

    def typing(self, typed: str, *arguments: str) -> Ended:
        """Run a command line in a process of its own on a terminal, with what a person types into it."""
        ours, theirs = pty.openpty()
        environment = self.environment | {"TERM": "xterm", "COLUMNS": "100"}
        with subprocess.Popen(
            [*COMMAND, *arguments], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        ) as process:
            os.close(theirs)
            os.write(ours, typed.encode())
            said = read_to_the_end(ours)
        os.close(ours)
        return Ended(process.returncode, said, "")


def read_to_the_end(terminal: int) -> str:
    """All that is written to a terminal until nobody has it open."""
    said = b""
    # Linux says EIO when the other side is closed and all was read.
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 65_536):
            said += part
    return said.decode()
