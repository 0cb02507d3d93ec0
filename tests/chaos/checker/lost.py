"""No acknowledged job is lost: it is there at the end, and has ended."""

from collections.abc import Iterator

from tests.chaos.checker.facts import FINAL, Facts, Violation, holds, violation
from tests.chaos.log import Record


def check(facts: Facts) -> Iterator[Violation]:
    for push in facts.all("push"):
        yield from _push(facts, push)
    steps = {found["workflow"]: _jobs(found) for found in facts.all("found workflow")}
    for workflow in facts.all("workflow"):
        yield from _there(facts, workflow, *workflow["jobs"].values())
        if holds(workflow) and steps.get(workflow["workflow"]) != workflow["jobs"]:
            text = f"{workflow['workflow']} was acknowledged and is not there with its steps."
            yield violation("workflow lost", text, workflow)
    for handed in facts.all("handed"):
        yield from _there(facts, handed, handed["job"])
    for found in facts.found.values():
        if found["status"] not in FINAL:
            yield violation("job not ended", f"{found['job']} is {found['status']} at the end.", found)
    for record in facts.all("not idle"):
        yield violation("job not ended", "Work was left when all had been mended for long.", record)


def _push(facts: Facts, push: Record) -> Iterator[Violation]:
    made = [job for job in push["jobs"] if job is not None]
    if holds(push) and len(made) < len(push["jobs"]):
        yield violation("job not made", f"{push['token']} was acknowledged without a job.", push)
    yield from _there(facts, push, *made)


def _there(facts: Facts, known_by: Record, *jobs: str) -> Iterator[Violation]:
    for job in jobs:
        if job not in facts.found:
            yield violation("job lost", f"{job} was told of and is not there.", known_by)


def _jobs(workflow: Record) -> dict[str, str]:
    return {key: job for key, (job, _) in workflow["jobs"].items()}
