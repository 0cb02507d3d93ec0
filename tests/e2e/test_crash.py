"""The whole service is killed in the middle of a load: what was acknowledged is there and gets done."""

import asyncio
import uuid
from pathlib import Path
from typing import Self

import httpx

from tests.support.run import Run, started

PRODUCERS, WORKERS = 4, 4
ACKNOWLEDGED_BEFORE_THE_KILL = 200
LEASE_SECONDS = 5
FINISH_SECONDS = 120.0


async def _new_key(run: Run) -> str:
    async with httpx.AsyncClient(base_url=run.url) as client:
        made = await client.post("/api/v1/organizations", json={"name": "Load", "slug": "load"})
        key: str = made.json()["api_key"]["key"]
        return key


class Load:
    """Producers and workers that note what the service acknowledged, and survive its end."""

    def __init__(self, run: Run, key: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=f"{run.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
        self.pushed: set[str] = set()
        self.completed: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def produce(self) -> None:
        while True:
            answer = await self.client.post("/jobs", json={"queue": "load", "payload": {}, "max_retries": 50})
            self.pushed.add(answer.raise_for_status().json()["id"])

    async def work(self) -> None:
        worker = uuid.uuid4().hex
        while True:
            job = (
                await self.client.post(
                    "/jobs/dequeue",
                    json={
                        "queue": "load",
                        "worker_id": worker,
                        "lease_duration_secs": LEASE_SECONDS,
                        "wait_seconds": 1,
                    },
                )
            ).json()
            if job:
                done = await self.client.post(
                    f"/jobs/{job['id']}/complete", json={"worker_id": worker, "lease_id": job["lease_id"]}
                )
                if done.status_code == 200:
                    self.completed.append(job["id"])


async def _until_killed(run: Run, load: Load) -> None:
    """Produce and work, kill everything at a busy moment, and wait until each loop has noticed."""
    loops = [asyncio.create_task(load.produce()) for _ in range(PRODUCERS)]
    loops += [asyncio.create_task(load.work()) for _ in range(WORKERS)]
    while len(load.pushed) < ACKNOWLEDGED_BEFORE_THE_KILL:
        await asyncio.wait(loops, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.to_thread(run.kill_group)
    ends = await asyncio.gather(*loops, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends), ends


async def _states(load: Load) -> dict[str, str]:
    states = {}
    for job_id in load.pushed:
        answer = await load.client.get(f"/jobs/{job_id}")
        states[job_id] = answer.json()["status"] if answer.status_code == 200 else str(answer.status_code)
    return states


async def _work_until_all_are_done(load: Load) -> None:
    workers = [asyncio.create_task(load.work()) for _ in range(WORKERS)]
    async with asyncio.timeout(FINISH_SECONDS):
        while set((await _states(load)).values()) != {"completed"}:
            await asyncio.wait(workers, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


async def test_killed_in_the_middle_of_a_load_all_acknowledged_jobs_finish(tmp_path: Path) -> None:
    """After `kill -9` of the whole process group and a new run, every acknowledged job completes, once."""
    with started(tmp_path) as run:
        async with Load(run, key := await _new_key(run)) as before:
            await _until_killed(run, before)
    with started(tmp_path) as run:
        async with Load(run, key) as after:
            after.pushed = before.pushed
            await _work_until_all_are_done(after)

    acknowledged = before.completed + after.completed
    assert len(acknowledged) == len(set(acknowledged))
    assert len(before.pushed) >= ACKNOWLEDGED_BEFORE_THE_KILL
