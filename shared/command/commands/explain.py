"""`spooled explain`: why a job is not running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shared.command.exits import Exit
from shared.command.listing import ago, local, part
from shared.command.options import command as api_command

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output


@api_command("explain")
@click.argument("job_id")
def command(api: Api, out: Output, *, job_id: str) -> Exit:
    """Say why a job is not running: each gate of a claim, with pass or hold.

    The exit code is 0 when the next claim of its queue takes the job, and 8 when something holds it, when it
    runs already and when it is over.
    """
    found = api.get(f"/jobs/{part(job_id)}/explain")
    if out.as_json:
        out.document(found)
    else:
        out.say(f"{found['job_id']} in {found['queue_name']} is {found['status']}: {found['summary']}")
        out.table(
            ("GATE", "VERDICT", "REASON", "UNTIL"),
            [
                (gate["name"], gate["verdict"], gate["reason"], local(gate["until"]))
                for gate in found["gates"]
            ],
        )
        starts, basis = found["estimate"]["starts_at"], found["estimate"]["basis"]
        out.say(f"Starts {ago(starts)} ({local(starts)}). {basis}" if starts else f"Starts: unknown. {basis}")
    return Exit.DONE if found["runnable"] else Exit.HELD
