"""Tables and progress bars on a terminal. Loaded only by who shows one."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from shared.command.output import Advance, in_color

STATES = {
    "completed": "green",
    "processing": "cyan",
    "running": "cyan",
    "healthy": "green",
    "pending": "yellow",
    "scheduled": "blue",
    "paused": "yellow",
    "degraded": "yellow",
    "failed": "red",
    "deadletter": "red",
    "offline": "red",
    "cancelled": "bright_black",
    "pass": "green",
    "ok": "green",
    "hold": "red",
    "warning": "yellow",
    "skipped": "bright_black",
}


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as wide as the terminal; numbers stand at the right."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        is_number = bool(rows) and all(row[place].replace(".", "", 1).isdigit() for row in rows if row[place])
        table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        # As text: what looks like markup in a payload is none.
        table.add_row(*(Text(cell, style=STATES.get(cell, "")) for cell in row))
    Console(file=sys.stdout, no_color=not in_color(sys.stdout), highlight=False).print(table)


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Advance]:
    """A bar on standard error; without a total it counts."""
    console = Console(file=sys.stderr, no_color=not in_color(sys.stderr))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)
