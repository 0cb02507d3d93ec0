"""`spooled webhooks`: who is told of events, and the secrets that this is signed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shared.command.listing import ListingGroup, ago, local, part
from shared.command.options import command as api_command
from shared.command.output import shortened
from shared.command.secret import overlap_body, overlap_option, show_once

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output

command = ListingGroup("webhooks", help="See webhooks and how their deliveries went; rotate their secrets.")


@api_command("list", group=command)
def list_webhooks(api: Api, out: Output) -> None:
    """List webhooks with what they are told, and until when two secrets sign."""
    webhooks = api.get("/outgoing-webhooks")
    if out.as_json:
        out.document(webhooks)
        return
    out.table(
        ("ID", "NAME", "URL", "EVENTS", "STATE", "LAST", "AGE", "FAILED", "BOTH SIGN"),
        [
            (
                webhook["id"],
                webhook["name"],
                webhook["url"],
                shortened(", ".join(webhook["events"])),
                "enabled" if webhook["enabled"] else "disabled",
                webhook["last_status"],
                ago(webhook["last_triggered_at"]),
                webhook["failure_count"],
                ago(webhook["overlap_ends_at"]),
            )
            for webhook in webhooks
        ],
        empty="No webhooks.",
    )


@api_command("rotate-secret", group=command)
@click.argument("webhook")
@overlap_option
def rotate_secret(api: Api, out: Output, *, webhook: str, overlap: float | None) -> None:
    """Replace the secret of WEBHOOK, an id; standard output is the new one, for the only time.

    Deliveries are signed with both until the overlap ends: give the new one to the receiver in between.
    """
    made = api.post(f"/outgoing-webhooks/{part(webhook)}/rotate-secret", overlap_body(overlap))
    ends = made["overlap_ends_at"]
    until = (
        f"The one before signs too, until {local(ends)}."
        if ends
        else "The one before signs nothing any more."
    )
    show_once(out, made, "secret", f"The secret of {made['id']}, {made['name']}. {until}")
