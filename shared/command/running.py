"""One command line, run to its exit code."""

import sys
from collections.abc import Sequence

import click

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.group import spooled
from shared.command.output import Output


def run(arguments: Sequence[str] | None) -> int:
    """Run it; a command returns its exit code, or None when it is done."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = spooled.main(args=given, prog_name="spooled", standalone_mode=False)
    except click.Abort:
        return Exit.INTERRUPTED
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.FAILED
    except CommandError as error:
        # The options of the command are gone by now; what follows -- is not ours.
        own = given[: given.index("--")] if "--" in given else given
        Output(as_json="--json" in own).error(error.lines(), error.document())
        return error.exit
    return int(code or Exit.DONE)
