"""Workflows: no step before its parents, none left behind them, and an end that fits the steps."""

from collections.abc import Iterator, Mapping

from tests.chaos.checker.facts import Facts, Violation, may_hold, violation
from tests.chaos.log import Record


def check(facts: Facts) -> Iterator[Violation]:
    cancelled = {r["workflow"] for r in facts.all("cancelled workflow") if may_hold(r)}
    for workflow in facts.all("workflow"):
        steps = {f"step-{found['payload']['i']}": found for found in facts.of_token(workflow["token"])}
        if len(steps) != len(workflow["steps"]):
            continue  # never made, or half: others say so
        workflow_id = next(iter(steps.values()))["workflow"]
        for key, (parents, mode) in workflow["steps"].items():
            yield from _step(
                facts, workflow, steps, key, parents, mode, is_cancelled=workflow_id in cancelled
            )
    for ended in facts.all("found workflow"):
        states = {status for _, status in ended["jobs"].values()}
        right = {"completed"} if states == {"completed"} else {"failed", "cancelled"}
        if ended["status"] not in right or (
            ended["status"] == "cancelled" and ended["workflow"] not in cancelled
        ):
            yield violation("workflow", f"{ended['workflow']} is {ended['status']} with {states}.", ended)
        for job, status in ended["jobs"].values():
            if job in facts.found and facts.found[job]["status"] != status:
                yield violation("workflow", f"{job} has two states.", ended, facts.found[job])


def _step(
    facts: Facts,
    workflow: Record,
    steps: Mapping[str, Record],
    key: str,
    parents: list[str],
    mode: str,
    *,
    is_cancelled: bool,
) -> Iterator[Violation]:
    enough = any if mode == "any" and parents else all
    step = steps[key]
    for handed in facts.about("handed", step["job"]):

        def is_sent(parent: str, since: Record = handed) -> bool:
            done = facts.about("complete", steps[parent]["job"])
            return any(may_hold(record) and record["sent"] <= since["ended"] for record in done)

        if not enough(is_sent(parent) for parent in parents):
            text = f"{step['job']} ({key}) was handed out before the completion of {parents} was sent."
            yield violation("before its parents", text, workflow, handed)
        elif mode == "all" and handed["kind"] == "claim" and handed["parents"] != sorted(parents):
            text = f"{step['job']} was told of {handed['parents']} and has {parents}."
            yield violation("parents untold", text, workflow, handed)
    could_run = enough(steps[parent]["status"] == "completed" for parent in parents)
    if step["status"] in {"completed", "deadletter"} and not could_run:
        yield violation("before its parents", f"{step['job']} ran though {parents} did not.", workflow, step)
    asked = any(may_hold(record) for record in facts.about("cancel", step["job"]))
    if step["status"] == "cancelled" and could_run and not is_cancelled and not asked:
        yield violation("cancelled by nobody", f"{step['job']} could run and is cancelled.", workflow, step)
