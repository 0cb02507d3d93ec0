"""`spooled restore`: a backup into an empty database, or tried out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.command.options import command as api_command

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output


@api_command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Into a database that is made for it and dropped again.")
@click.option("--to", "target", help="URL of an empty database.")
@click.option(
    "--programs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of pg_restore."
)
def command(
    api: Api, out: Output, *, file: Path, check: bool, target: str | None, programs: Path | None
) -> None:
    """Restore FILE, as `backup` wrote it, and count every table against what was dumped.

    With --check it goes into a database of its own on the server of OWNER_DATABASE_URL or DATABASE_URL,
    whose login may create databases, and is dropped again: do so with each backup. With --to it goes into a
    database that has no tables yet, never over one that is in use.

    \b
      spooled restore spooled-2026-01-31.dump --check
      spooled restore spooled-2026-01-31.dump --to postgresql://owner:...@host/spooled_restored
    """
    from shared.backup.restore import restore, try_out
    from shared.command.database import database_url, explained, folders

    _ = api
    if check == bool(target):
        raise click.UsageError("Say where: --check, or --to with the URL of an empty database.")
    with explained():
        if check:
            manifest = try_out(file, database_url(), folders(programs))
        else:
            manifest = restore(file, str(target), folders(programs))
    if out.as_json:
        out.document({"file": str(file), **manifest.document()})
    else:
        rows = sum(manifest.contents.tables.values())
        out.say(f"{file}\tof {manifest.made_at}\tall {rows} rows of {len(manifest.contents.tables)} tables")
        if target:
            out.note("What comes next: docs/operations.md, Restore from a backup.")
