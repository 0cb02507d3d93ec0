"""Random graphs and random fates, against a model that knows only the rules."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import Tenant
from tests.support.effort import examples
from tests.support.steps import bury, complete, made, statuses, step, take

MET = {
    "success": {"completed"},
    "completion": {"completed", "deadletter", "cancelled", "skipped"},
    "failure": {"deadletter"},
}
HARMLESS = {"completed", "skipped"}


@dataclass
class Model:
    """What must be true of each step, worked out from the rules alone."""

    steps: list[dict[str, Any]]
    state: dict[str, str] = field(default_factory=dict)

    def settle_down(self) -> None:
        """Apply the rules until nothing changes."""
        changed = True
        while changed:
            changed = False
            for each in self.steps:
                key = each["key"]
                if self.state[key] == "scheduled" and (new := self.verdict(each)) != "scheduled":
                    self.state[key] = new
                    changed = True

    def verdict(self, each: dict[str, Any]) -> str:
        parents = [self.state[parent] for parent in each["depends_on"]]
        ended = [state for state in parents if state in MET["completion"]]
        met = [state for state in ended if state in MET[each["dependency_type"]]]
        missed = [state for state in ended if state not in MET[each["dependency_type"]]]
        is_any = each["dependency_mode"] == "any"
        if len(met) == len(parents) or (is_any and met):
            return "pending"
        if (is_any and len(missed) < len(parents)) or not missed:
            return "scheduled"
        return "skipped" if all(state in HARMLESS for state in missed) else "cancelled"

    @property
    def shown(self) -> dict[str, str]:
        return {key: "cancelled" if state == "skipped" else state for key, state in self.state.items()}

    @property
    def workflow(self) -> str:
        if not set(self.state.values()) <= MET["completion"]:
            return "running"
        return "completed" if set(self.state.values()) <= HARMLESS else "failed"


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Steps whose parents come anywhere in the request, but never in a circle."""
    keys = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    steps = [
        step(
            key,
            *draw(st.lists(st.sampled_from(keys[:n]), unique=True, max_size=3) if n else st.just([])),
            dependency_mode=draw(st.sampled_from(["all", "any"])),
            dependency_type=draw(st.sampled_from(["success", "success", "completion", "failure"])),
        )
        for n, key in enumerate(keys)
    ]
    return draw(st.permutations(steps))


@examples(30)
@given(steps=graphs(), data=st.data())
async def test_any_graph_with_any_fate_does_what_the_rules_say(
    org: Tenant, steps: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Steps run only when their parents allow it, the workflow ends as it must, a retry completes it."""
    model = Model(steps, {each["key"]: "scheduled" for each in steps})
    model.settle_down()
    workflow = await made(org, *steps)
    ids = {each["key"]: each["job_id"] for each in workflow["job_ids"]}
    running: dict[str, Any] = {}
    path = f"/workflows/{workflow['id']}"
    while model.workflow == "running":
        taken = await take(org)
        assert set(taken) == {key for key, state in model.state.items() if state == "pending"}
        running |= taken
        model.state |= dict.fromkeys(taken, "processing")
        choices = [
            (key, fate) for key in sorted(running) for fate in ("completed", "completed", "deadletter")
        ]
        choices += [(key, "cancelled") for key, state in sorted(model.state.items()) if state == "scheduled"]
        key, fate = data.draw(st.sampled_from(choices))
        if fate == "completed":
            await complete(org, running.pop(key), key)
        elif fate == "deadletter":
            await bury(org, running.pop(key))
        else:
            await org.delete(f"/jobs/{ids[key]}")
        model.state[key] = fate
        model.settle_down()
        assert await statuses(org, workflow["id"]) == model.shown

    ended = await org.get(path)
    assert ended["status"] == model.workflow
    assert ended["completed_jobs"] == list(model.state.values()).count("completed")
    if model.workflow == "failed":
        await org.post(f"{path}/retry")
        while again := await take(org):
            for job in again.values():
                await complete(org, job)
        ended = await org.get(path)
    assert (ended["status"], ended["progress_percent"]) == ("completed", 100)
