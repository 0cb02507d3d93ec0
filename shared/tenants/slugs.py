"""Slugs: the name of an organization in addresses."""

import random
import re
import unicodedata
from typing import Any

from shared.core import Core
from shared.store import SYSTEM, load_queries

QUERIES = load_queries(__file__)
SLUG_PATTERN = r"^[a-z0-9-]+$"
LONGEST_SLUG = 100
_LONGEST_MADE = 60
_NUMBERED = 20


def slug_of(name: str) -> str:
    """A slug that reads like the name: `Café Olé!` becomes `cafe-ole`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_MADE].strip("-") or "organization"


async def generate_slug(core: Core, name: str, chance: random.Random) -> str:
    """A slug for a name that nobody has at this moment: numbered, or in the end random, where it is taken."""
    base = slug_of(name)
    candidates = [base, *(f"{base}-{number}" for number in range(2, _NUMBERED + 1))]
    rows = await core.store.fetch(SYSTEM, QUERIES["taken_slugs"], slugs=candidates)
    taken = {row["slug"] for row in rows}
    free = [slug for slug in candidates if slug not in taken]
    return free[0] if free else f"{base}-{chance.getrandbits(40):010x}"


async def check_slug(core: Core, slug: str, chance: random.Random) -> dict[str, Any]:
    """Whether a slug is one and is free, and one to take instead if not."""
    valid = len(slug) <= LONGEST_SLUG and re.fullmatch(SLUG_PATTERN, slug) is not None
    taken = valid and bool(await core.store.fetch(SYSTEM, QUERIES["taken_slugs"], slugs=[slug]))
    answer: dict[str, Any] = {"available": valid and not taken, "valid": valid, "slug": slug}
    if valid and not taken:
        return answer
    error = "The slug is taken." if valid else "A slug is 1-100 lower-case letters, digits and hyphens."
    return answer | {"error": error, "suggestion": await generate_slug(core, slug, chance)}
