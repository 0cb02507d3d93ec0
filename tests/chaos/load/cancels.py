"""Who cancels: jobs of others that may be running by now, and jobs that were made for later."""

from tests.chaos.load.desk import QUEUES, Desk
from tests.chaos.load.producers import note_push


async def cancel(desk: Desk, name: str, pause_seconds: float) -> None:
    """One after the other until no more is wanted."""
    dice = desk.dice(name)
    number = 0
    while desk.is_open:
        number += 1
        token = f"{name}.{number}"
        asker = desk.asker(dice)
        job: str | None = dice.choice(desk.pushed) if desk.pushed else None
        if job is None or dice.random() < 0.5:
            body = {
                "queue_name": dice.choice(QUEUES),
                "payload": {"push": token, "i": 0},
                "delay_seconds": dice.randint(1, 6),
                "max_retries": 10,
            }
            answer = await asker.ask("push", "POST", "/jobs", body)
            job = answer.body["id"] if answer.outcome == "yes" else None
            note_push(desk, asker, answer, token, None, [job])
            await desk.pause(dice.uniform(0, 1))
        if job is not None:
            answer = await asker.ask("cancel", "DELETE", f"/jobs/{job}")
            desk.log.write("cancel", job=job, outcome=answer.outcome, status=answer.status, **answer.times)
        await desk.pause(dice.expovariate(1 / pause_seconds))
