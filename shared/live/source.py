"""What both sources of events have in common."""

from typing import NamedTuple, Protocol

from shared.live.position import Place
from shared.live.translate import Happening


class Page(NamedTuple):
    """Happenings in their order.

    anchor: the one that was asked to begin behind, None when it is not held any more. Then some that
        followed it may be gone too.
    """

    anchor: Happening | None
    happenings: list[Happening]


class Source(Protocol):
    """Where one can look up what happened before."""

    async def read(self, org_id: int, after: Place, until: Place, limit: int) -> Page:
        """At most `limit` happenings behind one place up to another.

        Raises UnavailableError when there is no answer.
        """
