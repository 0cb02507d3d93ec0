"""What a statement tells beside its rows: what happened, for those who watch (`tell` in the migrations).

It comes as a notice on the line of the statement itself, so that it costs no round trip, no row, and nothing
where nobody watches.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

_MARK = "spooled.happening "


def told_by(notice: "Diagnostic") -> list[str]:
    """What it tells, as JSON; nothing where the database says something for other reasons."""
    text = notice.message_primary or ""
    return [text.removeprefix(_MARK)] if text.startswith(_MARK) else []
