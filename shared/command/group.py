"""The list of the commands. One is loaded when it is asked for, so that help and completion are quick."""

import os
import sys
from contextlib import suppress
from importlib import import_module
from io import UnsupportedOperation
from typing import Any

import click
from click.shell_completion import CompletionItem

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.version import VERSION

COMMANDS = {
    "push": "Push a job, or one for each line of the input.",
    "work": "Take jobs and run a program for each.",
    "jobs": "See jobs: what waits, runs and ended, and each one whole.",
    "explain": "Say why a job is not running: each gate of a claim, with pass or hold.",
    "retry": "Bring dead jobs back by their ids.",
    "dead": "See what jobs died of: dead letters, grouped by cause.",
    "acts": "Change many jobs at once: look first, confirm, watch the progress.",
    "queues": "See queues and what they do; pause, resume and limit them.",
    "schedules": "See schedules and when they fire next; pause, resume and trigger them.",
    "workflows": "See workflows: the graph of their steps, as it runs.",
    "workers": "See who works, and on how much.",
    "webhooks": "See webhooks and how their deliveries went; rotate their secrets.",
    "keys": "See API keys; make, rotate and revoke them.",
    "tail": "Follow what happens, as it happens.",
    "audit": "See who did what.",
    "doctor": "Look at a whole installation, and say what is wrong and how to mend it.",
    "backup": "Write the database into FILE, and what is in it into FILE.json.",
    "restore": "Restore FILE, as `backup` wrote it, and count every table against what was dumped.",
    "completion": "Print the script that completes commands in a shell.",
}
"""In the order of the help; each is `shared/command/commands/NAME.py`, with dashes as underscores."""


class Commands(click.Group):
    """Finds commands by the list."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"shared.command.commands.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Who read the output has what it wanted, as `head` has.
            _write_no_more()
            raise click.exceptions.Exit(Exit.READER_GONE) from None
        except UnicodeEncodeError as error:
            # An argument of bytes that are no text in the encoding of this machine.
            raise click.UsageError("An argument cannot be sent: it is not UTF-8.") from error
        except OSError as error:
            _write_no_more()
            raise CommandError(f"It was not done to its end: {error.strerror or error}.") from error
        return code

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)


def _write_no_more() -> None:
    # What was not written is forgotten: Python must not fail again at its end.
    with suppress(UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="The service and the key are read from SPOOLED_URL and SPOOLED_API_KEY.",
)
@click.version_option(VERSION, prog_name="spooled")
def spooled() -> None:
    """Spooled on the command line: push jobs, work on them, and see what they do."""
