"""What a statement tells beside its rows: what happened, for those who watch (`tell` in the migrations).

It comes as a notice on the line of the statement itself, so that it costs no round trip, no row, and nothing
where nobody watches.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from shared.store.connections import Connection

_MARK = "spooled.happening "


@contextmanager
def hearing(connection: "Connection") -> Iterator[list[str]]:
    """What the statements of this block tell, as JSON; it holds once their transaction is committed."""
    heard: list[str] = []

    def hear(notice: "Diagnostic") -> None:
        text = notice.message_primary or ""
        if text.startswith(_MARK):
            heard.append(text[len(_MARK) :])

    connection.add_notice_handler(hear)
    try:
        yield heard
    finally:
        connection.remove_notice_handler(hear)
