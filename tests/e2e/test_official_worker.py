"""The worker of the official Python client, against the running service."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

import spooled

PATIENCE_SECONDS = 60.0


def eventually(condition: Callable[[], Any]) -> None:
    """Look again and again until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class Running:
    """The client's worker in a thread of its own."""

    def __init__(self, client: spooled.SpooledClient, handler: Callable[[Any], Any], **options: Any) -> None:
        options = {"queue_name": "emails", "poll_interval": 0.05, "lease_duration": 5} | options
        self.worker = spooled.SpooledWorker(client, **options)
        self.worker.process(handler)
        self.seen: list[str] = []
        for event in ("job:completed", "job:failed", "job:lease_lost"):
            self.worker.on(event, lambda _data, event=event: self.seen.append(event))
        self.thread = threading.Thread(target=self.worker.start, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive()


def test_the_worker_processes_and_fails(client: spooled.SpooledClient) -> None:
    """It registers, completes with results, fails for a retry, and deregisters when stopped."""
    good = [client.jobs.create({"queue_name": "emails", "payload": {"n": n}}).id for n in range(5)]
    bad = client.jobs.create({"queue_name": "emails", "payload": {"n": -1}, "max_retries": 1}).id

    def handler(context: Any) -> dict[str, int]:
        if context.payload["n"] < 0:
            raise ValueError("no such number")
        return {"doubled": context.payload["n"] * 2}

    with Running(client, handler, concurrency=2) as running:
        eventually(lambda: client.jobs.get(bad).status == "deadletter")
        eventually(lambda: all(client.jobs.get(job).status == "completed" for job in good))
        registered = client.workers.list()
    dead = client.jobs.get(bad)

    assert [client.jobs.get(job).result for job in good] == [{"doubled": n * 2} for n in range(5)]
    assert (dead.retry_count, dead.last_error) == (1, "no such number")
    assert (sorted(set(running.seen)), len(registered)) == (["job:completed", "job:failed"], 1)
    assert client.workers.list() == []


def test_the_worker_notices_a_lost_lease(client: spooled.SpooledClient) -> None:
    """A job that was cancelled under it, with its workflow, is not settled by the worker."""
    made = client.workflows.create(
        {"name": "Cut", "jobs": [{"key": "a", "queue_name": "emails", "payload": {}}]}
    )
    working, cancelled = threading.Event(), threading.Event()

    def handler(_context: Any) -> None:
        working.set()
        cancelled.wait(PATIENCE_SECONDS)

    with Running(client, handler) as running:
        assert working.wait(PATIENCE_SECONDS)
        client.workflows.cancel(made.workflow_id)
        cancelled.set()
        eventually(lambda: running.worker.active_job_count == 0)

    assert client.jobs.get(made.job_ids[0].job_id).status == "cancelled"
    assert "job:completed" not in running.seen


def test_the_worker_ends_what_it_has_begun(client: spooled.SpooledClient) -> None:
    """Stopped in the middle of a job, it finishes that one and takes no other."""
    first = client.jobs.create({"queue_name": "emails", "payload": {}}).id
    second = client.jobs.create({"queue_name": "emails", "payload": {}}).id
    working = threading.Event()

    def handler(_context: Any) -> None:
        working.set()
        eventually(lambda: running.worker.state == "stopping")

    with Running(client, handler, concurrency=1) as running:
        assert working.wait(PATIENCE_SECONDS)

    assert client.jobs.get(first).status == "completed"
    assert client.jobs.get(second).status == "pending"
