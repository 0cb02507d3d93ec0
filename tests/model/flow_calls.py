"""The requests that the acts on workflows and dependencies become."""

from collections.abc import Callable
from typing import Any

from tests.model.drawing import Drawn
from tests.model.known import Call, Known


def _create(given: Drawn, known: Known) -> Call:
    steps = [step | {"payload": {"n": f"{known.number}.{step['key']}"}} for step in given["steps"]]
    name = f"workflow {known.number}"
    return Call(
        "create_workflow",
        {"name": name, "steps": steps},
        ("POST", "/workflows", {"name": name, "jobs": steps}),
    )


def _of_workflow(act: str, path: str, *states: str) -> Callable[[Drawn, Known], Call]:
    def call(given: Drawn, known: Known) -> Call:
        name = known.workflow(given["workflow"], *states)
        found = known.world.workflows.get(name)
        steps = tuple(step for step in found.steps.values() if step in known.world.jobs) if found else ()
        given: dict[str, Any] = {"workflow_id": name}
        if act == "retry_workflow":
            given["found_failed"] = found is not None and found.status == "failed"
        return Call(act, given, ("POST", f"/workflows/{name}{path}", {}), steps)

    return call


def _depend(given: Drawn, known: Known) -> Call:
    job_id = known.job(given["job"], "pending")
    parents = [known.job(place, "pending", "processing", but=job_id) for place in given["parents"]]
    asked = {"mode": given["mode"], "kind": given["kind"]}
    body = {"depends_on": parents, "dependency_mode": given["mode"], "dependency_type": given["kind"]}
    sent = {name: value for name, value in body.items() if value is not None}
    request = "POST", f"/jobs/{job_id}/dependencies", sent
    return Call("depend", {"job_id": job_id, "parents": parents} | asked, request, (job_id, *parents))


FLOW_CALLS: dict[str, Callable[[Drawn, Known], Call]] = {
    "create_workflow": _create,
    "cancel_workflow": _of_workflow("cancel_workflow", "/cancel", "pending", "running"),
    "retry_workflow": _of_workflow("retry_workflow", "/retry", "failed"),
    "depend": _depend,
}
