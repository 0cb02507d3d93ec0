"""What a dead letter died of: its error without what differs from one job to the next."""

import hashlib
import re
from functools import lru_cache

_READ = 1_000
_LONGEST = 300
_REMEMBERED = 1_024
_WORD = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'(?!\w)|[^\s\"'`()\[\]{}<>,;=|]+")
_DIFFERS = re.compile(r"[\d/\\@]")
_LETTERS_OF_HEX = re.compile(r"[0-9a-fA-F]{8,}")
_NETWORK_ADDRESS = re.compile(r"[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*")
_SEVERAL = re.compile(r"\*(?:[\s,;:.()\[\]{}#=+|-]*\*)+")


def cause_text(error: str) -> str:
    """An error without what differs from one job to the next, at most 300 characters of it.

    Quoted text, addresses, paths, ids, hex and each word with a digit are `*`, several in a row are one.
    Only the first 1,000 characters count. A change of these rules holds for what dies from then on.
    """
    text = _WORD.sub(_without_differences, error[:_READ])
    words = _SEVERAL.sub("*", text).split()
    if len(error) > _READ and len(words) > 1:
        del words[-1]  # cut somewhere
    return " ".join(words)[:_LONGEST].strip()


@lru_cache(maxsize=_REMEMBERED)
def cause_of(error: str) -> int:
    """The number of the group that an error belongs to, of 63 bits."""
    digest = hashlib.blake2b(cause_text(error).encode(errors="replace"), digest_size=8)
    return int.from_bytes(digest.digest()) >> 1


def _without_differences(match: re.Match[str]) -> str:
    word = match[0]
    if word[0] in "\"'`" or (_LETTERS_OF_HEX.fullmatch(word) is not None):
        return "*"
    if _DIFFERS.search(word) is None:
        return word
    if "/" in word or "\\" in word or "@" in word or _NETWORK_ADDRESS.fullmatch(word) is not None:
        return "*"
    # `code:500` and `line 17:` keep what they name, and a sentence its end.
    return ":".join(_part(part) for part in word.split(":"))


def _part(part: str) -> str:
    bare = part.rstrip(".!?")
    return "*" + part[len(bare) :] if _DIFFERS.search(bare) else part
