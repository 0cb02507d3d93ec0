"""What a command shows: tables and progress for people, tab-separated lines for pipes, JSON for scripts.

Answers go to standard output, all else to standard error.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

Cell = str | int | float | None
Advance = Callable[[int], None]
_CONTROLS = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
"""What JSON lets through, and a terminal obeys."""


class Output:
    """Standard output and standard error, in the way that was asked for."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def document(self, value: Any) -> None:
        """One JSON document, indented for a person."""
        indent = 2 if sys.stdout.isatty() else None
        sys.stdout.write(_json(value, indent=indent) + "\n")

    def line(self, value: Any) -> None:
        """A JSON document on a line of its own, told at once, where there are many."""
        sys.stdout.write(_json(value, separators=(",", ":")) + "\n")
        sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, empty: str = "") -> None:
        """A table on a terminal; elsewhere its names and rows, a line each, with tabs between.

        `empty` is said, on standard error, when there are no rows.
        """
        shown = [[printable(cell) for cell in row] for row in rows]
        if not shown and empty:
            self.note(empty)
        elif sys.stdout.isatty():
            from shared.command.screen import show_table

            show_table(columns, shown)
        else:
            for row in (columns, *shown):
                sys.stdout.write("\t".join(row) + "\n")

    def say(self, text: str) -> None:
        """A line of the answer, for people; a script gets `document` or `line` instead."""
        if not self.as_json:
            sys.stdout.write(printable(text) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line beside the answer, unless it is to be quiet."""
        if not self.quiet:
            sys.stderr.write(printable(text) + "\n")
            sys.stderr.flush()

    def error(self, lines: Sequence[str], document: dict[str, Any]) -> None:
        """What went wrong, which is never left out."""
        if self.as_json:
            sys.stderr.write(_json(document) + "\n")
        else:
            sys.stderr.write("".join(f"{printable(line)}\n" for line in [f"Error: {lines[0]}", *lines[1:]]))

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """A bar on standard error while the block runs, when that is a terminal; gives what advances it."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda _count: None
            return
        from shared.command.screen import progress_bar

        with progress_bar(what, total) as advance:
            yield advance


def printable(value: Cell) -> str:
    """Text for a line: no control character of a payload or an error moves the cursor or ends a line."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return "".join(mark if mark.isprintable() else " " for mark in text) if not text.isprintable() else text


def _json(value: Any, **options: Any) -> str:
    # Where the output lacks characters its own escapes would not be those of JSON.
    has_all = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not has_all, **options).translate(_CONTROLS)


def shortened(text: str, most: int = 60) -> str:
    """Text for a cell of a table."""
    return text if len(text) <= most else text[: most - 1] + "…"


def in_color(stream: IO[str]) -> bool:
    """Whether colors are wanted there: on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
