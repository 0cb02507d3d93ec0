"""`spooled backup`: the database in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.command.options import command as api_command

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output


@api_command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--programs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of pg_dump."
)
def command(api: Api, out: Output, *, file: Path, programs: Path | None) -> None:
    """Write the database into FILE, and what is in it into FILE.json.

    It is of one instant, of all organizations, while the service goes on. Run it where the service runs, with
    OWNER_DATABASE_URL or DATABASE_URL; it needs a pg_dump that is not older than the server. Nothing is
    overwritten. Whoever has the file has all that the service knows: keep it as you keep the database.

    \b
      spooled backup "spooled-$(date +%F).dump"
      spooled restore spooled-2026-01-31.dump --check     try it out
    """
    from shared.backup.dump import make_backup
    from shared.command.database import database_url, explained, folders

    _ = api
    with explained():
        manifest = make_backup(database_url(), file, folders(programs))
    if out.as_json:
        out.document({"file": str(file), **manifest.document()})
    else:
        out.say(f"{file}\t{file.stat().st_size} bytes\t{sum(manifest.contents.tables.values())} rows")
        out.note(f"Try it out: spooled restore {file} --check")
