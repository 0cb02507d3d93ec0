"""`spooled keys`: who may come in, and what they may do."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from shared.command.kinds import INSTANT, is_key
from shared.command.listing import ListingGroup, ago, each, instant, local, part
from shared.command.options import command as api_command
from shared.command.options import complete_queue
from shared.command.output import printable, shortened
from shared.command.secret import overlap_body, overlap_option, show_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.command.api import Api
    from shared.command.exits import Exit
    from shared.command.output import Output

command = ListingGroup("keys", help="See API keys; make, rotate and revoke them.")


class KeyId(click.ParamType[str]):
    """The id of a key. A path has it, and paths stand in the logs of whatever is in between."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if is_key(value):
            self.fail(
                "that is the secret of a key; name it by its id, as `spooled keys` lists it", param, ctx
            )
        return value


KEY_ID = KeyId()


@api_command("list", group=command)
@click.option("--all", "is_all", is_flag=True, help="Also those that have ended or were revoked, for good.")
def list_keys(api: Api, out: Output, *, is_all: bool) -> None:
    """List the keys that are good or may be again, with what they may do and when they were last used."""
    keys = [key for key in api.get("/api-keys") if is_all or not (key["revoked_at"] or _has_ended(key))]
    if out.as_json:
        out.document(keys)
        return
    out.table(
        ("ID", "NAME", "BEGINS", "MAY", "QUEUES", "RATE", "USED", "ENDS", "SUCCESSOR"),
        [
            (
                key["id"],
                key["name"],
                key["key_prefix"],
                "everything" if key["permissions"] is None else shortened(", ".join(key["permissions"])),
                shortened(", ".join(key["queues"])) or "all",
                key["rate_limit"],
                ago(key["last_used"]) or "never",
                _end(key),
                key["rotated_to"],
            )
            for key in keys
        ],
    )


@api_command("create", group=command)
@click.argument("name")
@click.option(
    "--permission", "permissions", multiple=True, help="What it may: jobs:write; repeatable.  [default: all]"
)
@click.option(
    "--queue", "queues", multiple=True, shell_complete=complete_queue, help="Held to it; repeatable."
)
@click.option("--rate", type=click.IntRange(1), help="Requests a minute.  [default: of the plan]")
@click.option("--expires", type=INSTANT, help="When it ends: +90d, 2027-01-01.  [default: never]")
def create(
    api: Api,
    out: Output,
    *,
    name: str,
    permissions: Sequence[str],
    queues: Sequence[str],
    rate: int | None,
    expires: datetime | None,
) -> None:
    """Make a key; standard output is its secret, for the only time.

    \b
      KEY=$(spooled keys create Mailer --permission jobs:read --permission jobs:write --queue mails)
    """
    given: dict[str, Any] = {
        "permissions": list(permissions),
        "queues": list(queues),
        "rate_limit": rate,
        "expires_at": expires.isoformat() if expires else None,
    }
    made = api.post("/api-keys", {"name": name, **{field: value for field, value in given.items() if value}})
    show_once(out, made, "key", f"The secret of {made['id']}, {made['name']}.")


@api_command("rotate", group=command)
@click.argument("key", type=KEY_ID)
@overlap_option
def rotate(api: Api, out: Output, *, key: str, overlap: float | None) -> None:
    """Make a key that takes the place of KEY, an id; standard output is its secret, for the only time.

    It may do the same. The one before ends by itself, with the sessions that were opened with it.
    """
    made = api.post(f"/api-keys/{part(key)}/rotate", overlap_body(overlap))
    ends = local(made["previous_key_expires_at"])
    show_once(
        out,
        made,
        "key",
        f"The secret of {made['id']}, which takes the place of {key}. That one ends at {ends}.",
    )


@api_command("revoke", group=command)
@click.argument("keys", type=KEY_ID, metavar="KEY...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(api: Api, out: Output, *, keys: tuple[str, ...], yes: bool) -> Exit:
    """End keys, by their ids, at once and for good."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nobody is there to ask: add --yes.")
        named = [_told(api.get(f"/api-keys/{part(key)}")) for key in keys]
        click.confirm(printable(f"Revoke {', '.join(named)} for good?"), abort=True, err=True)
    return each(out, keys, lambda key: api.delete(f"/api-keys/{part(key)}"), "revoked")


def _told(key: Mapping[str, Any]) -> str:
    used = ago(key["last_used"])
    return f"{key['name']} {key['key_prefix']}… ({f'last used {used} ago' if used else 'never used'})"


def _has_ended(key: Mapping[str, Any]) -> bool:
    end = instant(key["expires_at"])
    return end is not None and end <= datetime.now(UTC)


def _end(key: Mapping[str, Any]) -> str:
    if key["revoked_at"]:
        return "revoked"
    if _has_ended(key):
        return "ended"
    return (ago(key["expires_at"]) or "never") if key["is_active"] else "switched off"
