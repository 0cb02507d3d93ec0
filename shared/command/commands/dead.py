"""`spooled dead`: what jobs died of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shared.command.kinds import SINCE
from shared.command.listing import ago
from shared.command.options import command as api_command
from shared.command.options import complete_queue
from shared.command.output import shortened

if TYPE_CHECKING:
    from datetime import datetime

    from shared.command.api import Api
    from shared.command.output import Output


@api_command("dead")
@click.option("--queue", shell_complete=complete_queue, help="Of this queue.")
@click.option("--since", type=SINCE, help="Died since then: 90m, 2d, 2026-05-01T09:00.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many causes."
)
def command(api: Api, out: Output, *, queue: str | None, since: datetime | None, limit: int) -> None:
    """See what jobs died of: dead letters, grouped by cause.

    The largest group comes first. Two errors are of one cause when they differ in numbers, ids, quoted text
    and the like alone. What is under CAUSE chooses the group elsewhere:

    \b
      spooled jobs --cause cause_01k8x5q2m4c00
      spooled acts retry --cause cause_01k8x5q2m4c00
    """
    found = list(
        api.pages("/jobs/dlq/causes", limit, queue_name=queue, since=since.isoformat() if since else None)
    )
    if out.as_json:
        out.document(found)
        return
    out.table(
        ("CAUSE", "COUNT", "QUEUES", "FIRST", "LAST", "EXAMPLE", "ERROR"),
        [
            (
                group["id"],
                group["count"],
                shortened(",".join(group["queues"]), 30),
                ago(group["first_seen"]),
                ago(group["last_seen"]),
                group["example_job_id"],
                shortened(group["cause"], 80),
            )
            for group in found
        ],
        empty="No job is dead.",
    )
