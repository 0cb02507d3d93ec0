"""`spooled retry`: dead jobs, by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shared.command.listing import each, part
from shared.command.options import command as api_command

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.exits import Exit
    from shared.command.output import Output


@api_command("retry")
@click.argument("job_ids", nargs=-1, required=True)
def command(api: Api, out: Output, *, job_ids: tuple[str, ...]) -> Exit:
    """Bring dead jobs back by their ids.

    They can be claimed at once, and their attempts begin anew. A job that is not dead is left alone: exit
    code 6. For many jobs by queue, cause or time there is `spooled acts retry`.
    """
    return each(out, job_ids, lambda job_id: api.post(f"/jobs/{part(job_id)}/retry"), "pending")
