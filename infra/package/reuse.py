"""A layer that was built is used again, for as long as nothing that it was made from has changed."""

import hashlib
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

from infra.archives import ROOT, Architecture, Archive
from infra.package.dependencies import LOCK, build_dependencies

_PACKAGER = Path(__file__).parent


def reuse_dependencies(target: Path, architecture: Architecture) -> Archive:
    """The layer of an architecture, built now unless the note beside it says that it is this one.

    The note has the hash of what it was made from and that of the archive: one that was cut short, or put
    there by somebody else, is built again.
    """
    path = target / f"dependencies-{architecture}.zip"
    note, mark = path.with_suffix(".made-from"), mark_of([LOCK])
    if path.is_file() and note.is_file():
        there = Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())
        if note.read_text(encoding="ascii") == f"{mark} {there.sha256}\n":
            return there
    archive = build_dependencies(target, architecture)
    note.write_text(f"{mark} {archive.sha256}\n", encoding="ascii")
    return archive


def mark_of(files: Iterable[Path]) -> str:
    """The same for the same files, packaged by the same program, Python and zlib."""
    mark = hashlib.sha256(f"{sys.version}\0{zlib.ZLIB_RUNTIME_VERSION}\0".encode())
    for file in sorted([*files, *_PACKAGER.glob("*.py")]):
        content = file.read_bytes()
        mark.update(f"{file.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode() + content)
    return mark.hexdigest()[:16]
