"""`spooled audit`: who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shared.command.kinds import SINCE
from shared.command.listing import local
from shared.command.options import command as api_command
from shared.command.output import shortened

if TYPE_CHECKING:
    from datetime import datetime

    from shared.command.api import Api
    from shared.command.output import Output


@api_command("audit")
@click.option("--act", help="Of this kind: queues.pause, jobs.acts_create.")
@click.option("--actor", help="By this key or person, by id; or admin, anonymous.")
@click.option("--since", type=SINCE, help="Since then: 90m, 2d, 2026-05-01T09:00.")
@click.option("--until", type=SINCE, help="Before then.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
def command(
    api: Api,
    out: Output,
    *,
    act: str | None,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> None:
    """See who did what.

    The newest entries come first.
    """
    entries = list(
        api.pages(
            "/audit",
            limit,
            act=act,
            actor=actor,
            since=since.isoformat() if since else None,
            until=until.isoformat() if until else None,
        )
    )
    if out.as_json:
        out.document(entries)
        return
    out.table(
        ("AT", "WHO", "ACT", "ON", "OUTCOME", "FROM", "DETAILS"),
        [
            (
                local(entry["created_at"]),
                entry["actor"]["name"] or entry["actor"]["id"] or entry["actor"]["type"],
                entry["act"],
                entry["target"],
                entry["outcome"],
                entry["client_address"],
                shortened(", ".join(f"{name}: {value}" for name, value in entry["details"].items())),
            )
            for entry in entries
        ],
        empty="Nothing is in the log.",
    )
