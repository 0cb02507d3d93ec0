"""Whose rights an embedded server has: PostgreSQL refuses root, so root lends it to an ordinary account."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from shared.edge.process.errors import StartError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


def open_private(file: Path, flags: int) -> int:
    """Open a file that only the owner of its folder may read, though root be the one who makes it."""
    descriptor = os.open(file, flags | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        owner = file.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def account_for(folder: Path) -> Account | None:
    """None means "the account this process has"; only root has to give its rights away.

    A folder that an ordinary user made stays that user's, so `sudo make run` does not lock its owner out.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StartError(
            f"PostgreSQL cannot run as root and there is no account '{UNPRIVILEGED}' to lend it to. "
            "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)
