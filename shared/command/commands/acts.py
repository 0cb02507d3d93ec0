"""`spooled acts`: changes of many jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from shared.command.listing import ListingGroup, ago, filter_of, job_filters, part
from shared.command.options import command as api_command
from shared.command.options import complete_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.command.api import Api
    from shared.command.exits import Exit
    from shared.command.output import Output

Made = TypeVar("Made", bound="Callable[..., Any]")

command = ListingGroup("acts", help="Change many jobs at once: look first, confirm, watch the progress.")


def _consent(function: Made) -> Made:
    for option in reversed(
        (
            click.option("--preview", is_flag=True, help="Only look: count, sample and a token."),
            click.option("--yes", "expected", type=int, metavar="COUNT", help="Go on if it is so many jobs."),
            click.option("--confirm", "token", metavar="TOKEN", help="Do what was looked at with --preview."),
            click.option("--detach", is_flag=True, help="Do not wait for the end: print the id of the act."),
        )
    ):
        function = option(function)
    return function


@api_command("retry", group=command)
@job_filters
@_consent
def retry(api: Api, out: Output, **given: Any) -> Exit:
    """Bring dead jobs back: all that the options choose.

    \b
      spooled acts retry --queue emails --since 2h
      spooled acts retry --cause cause_01k8x5q2m4c00 --yes 4120
    """
    return _act(api, out, "retry", "Retry", {}, **given)


@api_command("cancel", group=command)
@job_filters
@_consent
def cancel(api: Api, out: Output, **given: Any) -> Exit:
    """Cancel jobs that wait."""
    return _act(api, out, "cancel", "Cancel", {}, **given)


@api_command("delete", group=command)
@job_filters
@_consent
def delete(api: Api, out: Output, **given: Any) -> Exit:
    """Delete dead and cancelled jobs for good."""
    return _act(api, out, "delete", "Delete", {}, **given)


@api_command("priority", group=command)
@click.argument("priority", type=click.IntRange(-100, 100))
@job_filters
@_consent
def set_priority(api: Api, out: Output, *, priority: int, **given: Any) -> Exit:
    """Give jobs that wait another priority, -100 to 100. A negative one comes behind `--`."""
    return _act(api, out, "set_priority", f"Set priority {priority}", {"priority": priority}, **given)


@api_command("move", group=command)
@click.argument("target", metavar="QUEUE", shell_complete=complete_queue)
@job_filters
@_consent
def move(api: Api, out: Output, *, target: str, **given: Any) -> Exit:
    """Move jobs that wait to QUEUE; the options choose which."""
    return _act(api, out, "move", f"Move to {target}", {"queue_name": target}, **given)


@api_command("list", group=command)
@click.option(
    "--status",
    type=click.Choice(["pending", "running", "completed", "aborted", "failed"]),
    help="In this state.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many.")
def list_acts(api: Api, out: Output, *, status: str | None, limit: int) -> None:
    """List acts with who began them, the newest first."""
    acts = list(api.pages("/jobs/acts", limit, status=status))
    if out.as_json:
        out.document(acts)
        return
    out.table(
        ("ID", "ACT", "STATUS", "DONE", "MATCHED", "SKIPPED", "FAILED", "FILTER", "BY", "AGE"),
        [
            (
                act["id"],
                act["act"],
                act["status"],
                act["done"],
                act["matched"],
                act["skipped"],
                act["failed"],
                ", ".join(f"{name}={value}" for name, value in (act["filter"] | act["arguments"]).items()),
                act["created_by"]["name"] or act["created_by"]["id"],
                ago(act["created_at"]),
            )
            for act in acts
        ],
        empty="No act yet.",
    )


@api_command("show", group=command)
@click.argument("act_id")
@click.option("--watch", "is_watched", is_flag=True, help="Show the progress until it has ended.")
def show(api: Api, out: Output, *, act_id: str, is_watched: bool) -> Exit | None:
    """Show how far an act is."""
    from shared.command.act import summary_of, watch

    act = api.get(f"/jobs/acts/{part(act_id)}")
    if is_watched:
        return watch(api, out, act)
    if out.as_json:
        out.document(act)
    else:
        out.say(summary_of(act))
    return None


@api_command("abort", group=command)
@click.argument("act_id")
def abort(api: Api, out: Output, *, act_id: str) -> None:
    """Stop an act: no further job is touched. What is done stays done."""
    from shared.command.act import summary_of

    act = api.post(f"/jobs/acts/{part(act_id)}/abort", repeatable=True)
    if out.as_json:
        out.document(act)
    else:
        out.say(summary_of(act))


def _act(
    api: Api,
    out: Output,
    name: str,
    verb: str,
    arguments: Mapping[str, Any],
    *,
    preview: bool,
    expected: int | None,
    token: str | None,
    detach: bool,
    **chosen: Any,
) -> Exit:
    from shared.command.act import Consent, carry_out

    body = {"act": name, "filter": filter_of(**chosen), "arguments": dict(arguments)}
    return carry_out(api, out, body, verb, Consent(expected, token, preview, detach))
