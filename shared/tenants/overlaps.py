"""What an organization's senders used before, and may use for a while: by the name of its setting."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import ConflictError
from shared.spoken import instant
from shared.store import SYSTEM, load_queries

QUERIES = load_queries(__file__)
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Overlap:
    """A secret that was replaced, and when it ends."""

    value: str
    ends_at: datetime


def overlap_text(name: str, overlap: Overlap | None) -> str:
    """The JSON that is merged into `organization.previous_secrets`; an empty object for none."""
    if overlap is None:
        return "{}"
    return json.dumps({name: {"value": overlap.value, "ends_at": overlap.ends_at.isoformat()}})


def good_before(previous: Mapping[str, Any], name: str, now: datetime) -> Overlap | None:
    """What was replaced and has not ended; None when there is none."""
    kept = previous.get(name)
    if kept is None:
        return None
    overlap = Overlap(kept["value"], datetime.fromisoformat(kept["ends_at"]))
    return overlap if overlap.ends_at > now else None


def refuse_a_third(previous: Mapping[str, Any], name: str, now: datetime) -> None:
    """Raise ConflictError while two are good: with a third nobody could know which of them a sender has."""
    overlap = good_before(previous, name, now)
    if overlap is not None:
        raise ConflictError(
            f"It is being replaced until {instant(overlap.ends_at)}: wait until then, or send"
            " overlap_seconds: 0 to end both now and get a third one."
        )


async def forget_ended_overlaps(core: Core, now: datetime) -> int:
    """Forget what opens nothing any more, and return of how many organizations."""
    rows = await core.store.fetch(SYSTEM, QUERIES["forget_ended_overlaps"], now=now, limit=_BATCH)
    return len(rows)
