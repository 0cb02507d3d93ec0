"""`spooled workflows`: graphs of jobs, as they run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from shared.command.exits import Exit
from shared.command.listing import ListingGroup, ago, part
from shared.command.options import command as api_command
from shared.command.output import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.command.api import Api
    from shared.command.output import Output

_ENDED = {"completed", "failed", "cancelled"}
_LOOK_SECONDS = 1.0
_CLEAR = "\x1b[H\x1b[2J"

command = ListingGroup("workflows", help="See workflows: the graph of their steps, as it runs.")


@api_command("list", group=command)
@click.option("--status", help="In this state: pending, running, completed, failed, cancelled.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
def list_workflows(api: Api, out: Output, *, status: str | None, limit: int) -> None:
    """List workflows, the newest first."""
    found = list(api.pages("/workflows", limit, status=status))
    if out.as_json:
        out.document(found)
        return
    out.table(
        ("ID", "NAME", "STATUS", "DONE", "FAILED", "STEPS", "AGE"),
        [
            (
                workflow["id"],
                workflow["name"],
                workflow["status"],
                workflow["completed_jobs"],
                workflow["failed_jobs"],
                workflow["total_jobs"],
                ago(workflow["created_at"]),
            )
            for workflow in found
        ],
        empty="No workflow yet.",
    )


@api_command("show", group=command)
@click.argument("workflow_id")
@click.option("--watch", is_flag=True, help="Follow it until it has ended; exit code 0 when it completed.")
def show(api: Api, out: Output, *, workflow_id: str, watch: bool) -> Exit | None:
    """Show the steps of a workflow as a tree: what is under a step waits for it."""
    workflow = api.get(f"/workflows/{part(workflow_id)}")
    if not watch:
        if out.as_json:
            out.document(workflow)
        else:
            _show(out, workflow)
        return None
    seen: dict[str, str] = {}
    while True:
        states = {step["key"]: step["status"] for step in workflow["jobs"]}
        if states != seen:
            _follow(out, workflow, seen)
        if workflow["status"] in _ENDED:
            return Exit.DONE if workflow["status"] == "completed" else Exit.FAILED
        seen = states
        time.sleep(_LOOK_SECONDS)
        workflow = api.get(f"/workflows/{part(workflow_id)}")


def tree(steps: Sequence[str], edges: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, bool]]:
    """Each step behind the lines of its branch, under the first of those that it waits for.

    steps: ids. edges: who is waited for, and who waits. The last of each says whether the step stood before,
    under another one that it waits for too; what waits for it is not repeated there.
    """
    children: dict[str, list[str]] = {step: [] for step in steps}
    waiting = set()
    for parent, child in edges:
        children[parent].append(child)
        waiting.add(child)
    told: set[str] = set()
    # The head of each line, the step, and what its children's lines begin with; the last is told first.
    left = [("", step, "") for step in reversed(steps) if step not in waiting]
    while left:
        head, step, below = left.pop()
        yield head, step, step in told
        if step in told:
            continue
        told.add(step)
        ends = [("├─ ", "│  ")] * (len(children[step]) - 1) + [("└─ ", "   ")]
        branches = [
            (below + mark, child, below + line)
            for child, (mark, line) in zip(children[step], ends, strict=False)
        ]
        left += reversed(branches)


def _follow(out: Output, workflow: Mapping[str, Any], seen: Mapping[str, str]) -> None:
    if out.as_json:
        out.line(workflow)
    elif sys.stdout.isatty():
        sys.stdout.write(_CLEAR)
        _show(out, workflow)
    else:
        for step in workflow["jobs"]:
            if seen.get(step["key"]) != step["status"]:
                out.say(f"{step['key']} {step['status']}")


def _show(out: Output, workflow: Mapping[str, Any]) -> None:
    progress = workflow["progress"]
    done = f"{progress['completed']} of {progress['total']} done"
    out.say(
        f"{workflow['id']}  {workflow['name']}  {workflow['status']}, {done}, {progress['failed']} failed"
    )
    steps = {step["id"]: step for step in workflow["jobs"]}
    edges = [(edge["parent_job_id"], edge["child_job_id"]) for edge in workflow["dependencies"]]
    out.table(
        ("STEP", "STATUS", "QUEUE", "ATTEMPT", "JOB", "ERROR"),
        [
            (f"{head}{steps[step]['key']} (above)", "", "", "", "", "")
            if is_repeated
            else _row(head, steps[step])
            for head, step, is_repeated in tree([*steps], edges)
        ],
    )


def _row(head: str, step: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{head}{step['key']}",
        step["status"],
        step["queue_name"],
        f"{step['attempt']}/{step['max_retries'] + 1}",
        step["id"],
        shortened((step["error"] or {}).get("message", "")),
    )
