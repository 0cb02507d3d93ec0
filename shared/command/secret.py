"""Secrets: shown once when they are made, and replaced while both are good."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import click

from shared.command.kinds import DURATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.command.output import Output

overlap_option = click.option(
    "--overlap",
    type=DURATION,
    help="How long the one before is good too; 0: it ends at once.  [default: of the service, 1d]",
)


def overlap_body(overlap: float | None) -> dict[str, int]:
    """The body of a rotation. What is not nothing is a second at least: 0 ends the one before at once."""
    return {} if overlap is None else {"overlap_seconds": ceil(overlap)}


def show_once(out: Output, answer: Mapping[str, Any], field: str, note: str) -> None:
    """The secret alone on standard output, for a variable or a file; what it is for beside it.

    That goes first: who cannot write the secret knows what it was of.
    """
    if out.as_json:
        out.document(answer)
        return
    out.note(f"{note} It is shown this once.")
    out.say(answer[field])
