"""Schedules that fire all the time, from before the first fault until after the last."""

from tests.chaos.load.asking import UNKNOWN
from tests.chaos.load.desk import RECURRING, Desk

_MOST_RUNS = 800
"""A history shows 1,000."""


async def make_schedules(desk: Desk, seconds: float) -> list[str]:
    """Crons of seconds and of a minute, one for each policy. seconds: how long they will be there."""
    often = max(1, round(seconds / _MOST_RUNS + 0.5))
    crons = {
        f"*/{often} * * * * *": "all",
        "*/3 * * * * *": "last",
        "*/7 * * * * *": "skip",
        "* * * * *": "last",
    }
    made = []
    for number, (cron, policy) in enumerate(crons.items()):
        body = {
            "name": f"schedule-{number}",
            "cron_expression": cron,
            "queue_name": RECURRING,
            "payload": {"schedule": number},
            "misfire_policy": policy,
            "misfire_limit": 100,
            "max_retries": 10,
        }
        answer = await desk.askers["a"].ask("schedule", "POST", "/schedules", body)
        assert answer.outcome == "yes", answer
        made.append(answer.body["id"])
        desk.log.write(
            "schedule", schedule=answer.body["id"], cron=cron, policy=policy, limit=100, **answer.times
        )
    return made


async def pause_schedules(desk: Desk, schedules: list[str]) -> None:
    """Stop them for good."""
    for schedule in schedules:
        while True:
            answer = await desk.askers["a"].ask("pause", "POST", f"/schedules/{schedule}/pause")
            desk.log.write("paused", schedule=schedule, outcome=answer.outcome, **answer.times)
            if answer.outcome != UNKNOWN and answer.status:
                break
