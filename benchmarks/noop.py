"""A bare FastAPI route that does nothing, to hold the service against: `PORT=8090 python -m benchmarks.noop`.

It takes a job's fields, validated by pydantic, on the HTTP server, event loop and options of the service.
"""

import asyncio
import os
from datetime import datetime

import uvloop
from fastapi import FastAPI
from pydantic import BaseModel, JsonValue

from shared.edge.process.ending import Ending
from shared.edge.process.http import claimed_http, serving_http
from shared.settings import Settings

application = FastAPI()


class Job(BaseModel):
    """The fields of a new job."""

    queue_name: str
    payload: JsonValue
    priority: int | None = None
    max_retries: int | None = None
    timeout_seconds: int | None = None
    scheduled_at: datetime | None = None
    delay_seconds: float | None = None
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    tags: JsonValue | None = None
    parent_job_id: str | None = None
    completion_webhook: str | None = None
    completion_webhook_secret: str | None = None


@application.post("/noop")
async def noop(job: Job) -> dict[str, int]:  # noqa: ARG001 - it is validated
    """Nothing."""
    return {"id": 1}


async def _serve(settings: Settings, ending: Ending) -> None:
    with claimed_http(settings) as opened, ending.told() as told:
        async with serving_http(application, settings, opened):
            print("Ready.", flush=True)
            await told.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Settings(spooled_env="development", port=int(os.environ["PORT"])), Ending()))
