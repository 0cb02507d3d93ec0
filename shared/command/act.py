"""An act on many jobs, from the look before it to its end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.listing import JOB_COLUMNS, job_row
from shared.spoken import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.command.api import Api
    from shared.command.output import Output

_UNDER_WAY = {"pending", "running"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


@dataclass(frozen=True)
class Consent:
    """How an act is agreed to: by answering, by the number of jobs that was expected, or by a token."""

    expected: int | None = None
    token: str | None = None
    preview: bool = False
    detach: bool = False


def carry_out(api: Api, out: Output, body: Mapping[str, Any], verb: str, consent: Consent) -> Exit:
    """Look, ask, begin, and watch to the end. Raises CommandError for what was not agreed to."""
    token = consent.token
    if token is None:
        seen = api.post("/jobs/acts/preview", body, repeatable=True)
        if consent.preview:
            _show_preview(out, seen, verb, with_token=True)
            return Exit.DONE
        if not out.as_json:
            _show_preview(out, seen, verb)
        if not seen["matched"] and not consent.expected:
            out.note("There is nothing to do.")
            if out.as_json:
                out.document(seen)
            return Exit.DONE
        _agree(seen, verb, consent)
        token = seen["token"]
    # The token makes it one act, however often it is sent.
    act = api.post("/jobs/acts", {**body, "token": token}, repeatable=True)
    if consent.detach:
        if out.as_json:
            out.document(act)
        else:
            out.say(act["id"])
        return Exit.DONE
    return watch(api, out, act)


def watch(api: Api, out: Output, act: dict[str, Any]) -> Exit:
    """Show how far an act is until it has ended; the exit code says how it did."""
    try:
        act = _to_its_end(api, out, act)
    except KeyboardInterrupt:
        out.note(f"It goes on without you. To stop it: spooled acts abort {act['id']}")
        raise
    if out.as_json:
        out.document(act)
    else:
        out.say(summary_of(act))
    is_whole = act["status"] == "completed" and not act["failed"]
    return Exit.DONE if is_whole else Exit.CONFLICT if act["status"] == "aborted" else Exit.FAILED


def summary_of(act: Mapping[str, Any]) -> str:
    """What became of an act, or how far it is, on one line."""
    parts = [f"{act['done']:,} done"]
    parts += [f"{act[name]:,} {name}" for name in ("skipped", "failed") if act[name]]
    said = f"{act['id']} {act['act']} {act['status']}: {', '.join(parts)} of {_matched(act)}"
    return f"{said}. {act['error']}" if act["error"] else said


def _to_its_end(api: Api, out: Output, act: dict[str, Any]) -> dict[str, Any]:
    pause, told = _FIRST_PAUSE, 0
    with out.progress(f"{act['act']} {act['id']}", act["matched"]) as advance:
        while True:
            reached = act["done"] + act["skipped"] + act["failed"]
            advance(reached - told)
            told = reached
            if act["status"] not in _UNDER_WAY:
                return act
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            act = api.get(f"/jobs/acts/{act['id']}")


def _agree(seen: Mapping[str, Any], verb: str, consent: Consent) -> None:
    if consent.expected is not None:
        if seen["matched"] != consent.expected or not seen["matched_is_exact"]:
            raise CommandError(
                f"Expected {consent.expected:,} jobs and found {_matched(seen)}: nothing was changed.",
                Exit.CONFLICT,
            )
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"Nobody is there to ask: add --yes {seen['matched']}, or use --preview and then --confirm TOKEN."
        )
    jobs = _jobs(seen)
    if seen["act"] != "delete":
        click.confirm(f"{verb} {jobs}?", abort=True, err=True)
    elif click.prompt(f"Delete {jobs} for good? Type the number", err=True) != str(seen["matched"]):
        raise CommandError("That is another number: nothing was changed.", Exit.CONFLICT)


def _show_preview(out: Output, seen: Mapping[str, Any], verb: str, *, with_token: bool = False) -> None:
    if out.as_json:
        out.document(seen)
        return
    out.say(f"{verb}: {_jobs(seen)}")
    for group in seen["skipped"]:
        out.say(f"  not {group['count']:,} {group['status']}: {group['reason']}")
    if seen["sample"]:
        out.table(JOB_COLUMNS, map(job_row, seen["sample"]))
    if with_token:
        out.say(f"To do it: the same with --confirm {seen['token']}")


def _jobs(seen: Mapping[str, Any]) -> str:
    """How many there are, in words."""
    return f"{counted(seen['matched'], 'job', 'jobs')}{'' if seen['matched_is_exact'] else ' or more'}"


def _matched(act: Mapping[str, Any]) -> str:
    return f"{act['matched']:,}{'' if act['matched_is_exact'] else ' or more'}"
