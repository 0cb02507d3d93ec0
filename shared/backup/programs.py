"""PostgreSQL's own programs: found, new enough for the server, and run with no password on a command line."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.backup.errors import BackupError


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with `pg_dump` and `pg_restore`."""

    folder: Path

    @classmethod
    def find(cls, folders: Sequence[Path], server_version: int) -> "Programs":
        """The first that are not older than the server; raises BackupError with those that were seen."""
        seen = []
        for folder in folders:
            program = folder / "pg_dump"
            if not program.exists():
                continue
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
            version = int("".join(part for part in said.stdout.split()[2:3]).split(".")[0] or 0)
            if version >= server_version:
                return cls(folder)
            seen.append(f"that of {folder} is {version}")
        raise BackupError(
            f"The server is PostgreSQL {server_version}, and pg_dump must not be older; "
            f"{'; '.join(seen) or 'none was found'}. Install postgresql-client-{server_version}, "
            "or name its folder with --programs."
        )

    def run(self, program: str, database_url: str, *arguments: str | Path) -> None:
        """Run it on a database; raises BackupError with what it said."""
        parts = conninfo_to_dict(database_url)
        password = str(parts.pop("password", None) or "")
        connection = make_conninfo("", **parts)
        ended = subprocess.run(  # noqa: S603
            [self.folder / program, f"--dbname={connection}", "--no-password", *arguments],
            env={**os.environ, **({"PGPASSWORD": password} if password else {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            said = ended.stderr.strip()
            # The statement stands behind what is wrong with it, and may be long.
            reasons = [line for line in said.splitlines() if ": error: " in line]
            raise BackupError(f"{program} failed: {(reasons or [said])[0][:1000]}")


def folders_on_the_path() -> list[Path]:
    """Where a shell would find them."""
    found = shutil.which("pg_dump")
    return [Path(found).parent] if found else []
