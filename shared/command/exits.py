"""What the exit code of `spooled` says."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended; `docs/command.md` lists the same."""

    DONE = 0
    FAILED = 1
    """The service refused it, or a part of it failed."""
    USAGE = 2
    """The command line is wrong; nothing was asked of the service."""
    UNREACHABLE = 3
    """The service cannot be reached, or has a fault: try again later."""
    NOT_FOUND = 4
    FORBIDDEN = 5
    """No key, a wrong key, or one without the right."""
    CONFLICT = 6
    """Not in this state, or somebody else was first."""
    LIMITED = 7
    """A limit of the plan or a rate limit is reached."""
    HELD = 8
    """The job cannot be claimed now, and `explain` has said why."""
    INTERRUPTED = 130
    """Ctrl-C."""
    READER_GONE = 141
    """Nobody reads the output any more."""
    TERMINATED = 143
    """SIGTERM, before all was done."""


def exit_of_status(status: int) -> Exit:
    """The exit code for an answer with an HTTP status that is no success."""
    named = {
        401: Exit.FORBIDDEN,
        403: Exit.FORBIDDEN,
        404: Exit.NOT_FOUND,
        409: Exit.CONFLICT,
        429: Exit.LIMITED,
    }
    return named.get(status, Exit.UNREACHABLE if status >= 500 else Exit.FAILED)  # noqa: PLR2004 - HTTP's own
