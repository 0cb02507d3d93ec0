"""Workflows of a few steps, some of which are cancelled on their way."""

import random
from typing import Any

from tests.chaos.load.desk import STEPS, Desk


async def make_workflows(desk: Desk, name: str, pause_seconds: float) -> None:
    """One after the other until no more is wanted. A request that is lost is not sent again."""
    dice = desk.dice(name)
    number = 0
    while desk.is_open:
        number += 1
        token = f"{name}.{number}"
        steps = _steps(dice, token)
        asker = desk.asker(dice)
        answer = await asker.ask("workflow", "POST", "/workflows", {"name": token, "jobs": steps})
        made = answer.body if answer.outcome == "yes" else {}
        jobs = {step["key"]: step["job_id"] for step in made.get("job_ids", [])}
        desk.log.write(
            "workflow",
            token=token,
            workflow=made.get("workflow_id"),
            steps={step["key"]: [step["depends_on"], step["dependency_mode"]] for step in steps},
            jobs=jobs,
            outcome=answer.outcome,
            via=asker.via,
            **answer.times,
        )
        await desk.pause(dice.expovariate(1 / pause_seconds))
        if made and dice.random() < 0.1:
            answer = await asker.ask("cancel workflow", "POST", f"/workflows/{made['workflow_id']}/cancel")
            desk.log.write(
                "cancelled workflow",
                workflow=made["workflow_id"],
                jobs=sorted(jobs.values()),
                outcome=answer.outcome,
                **answer.times,
            )


def _steps(dice: random.Random, token: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for index in range(dice.randint(2, 6)):
        parents = dice.sample([step["key"] for step in steps], k=min(len(steps), dice.randint(0, 3)))
        steps.append(
            {
                "key": f"step-{index}",
                "queue_name": STEPS,
                "payload": {"push": token, "i": index},
                "depends_on": sorted(parents),
                "dependency_mode": dice.choice(["all", "all", "any"]),
                "max_retries": dice.randint(1, 4),
            }
        )
    return steps
