"""`spooled workers`: who works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.command.listing import ago
from shared.command.options import command as api_command

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output


@api_command("workers")
def command(api: Api, out: Output) -> None:
    """See who works, and on how much."""
    workers = api.get("/workers")
    if out.as_json:
        out.document(workers)
        return
    out.table(
        ("ID", "HOST", "QUEUES", "STATUS", "JOBS", "HEARD"),
        [
            (
                worker["id"],
                worker["hostname"],
                ",".join(worker["queue_names"]),
                worker["status"],
                f"{worker['current_jobs']}/{worker['max_concurrency']}",
                ago(worker["last_heartbeat"]),
            )
            for worker in workers
        ],
        empty="No worker is registered.",
    )
