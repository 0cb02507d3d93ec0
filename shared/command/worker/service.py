"""The service, for a worker: many requests at once, and each ends in a named answer."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from shared.command.connection import Connection, answer_of
from shared.command.errors import ApiError
from shared.version import VERSION

GONE = {httpx.codes.CONFLICT, httpx.codes.NOT_FOUND}
"""The job is not ours any more, or is no more."""
LONGEST_ERROR = 2000
QUICK = 10.0
"""Seconds for a request that answers at once."""


@dataclass(frozen=True)
class Held:
    """A job that this worker holds."""

    job: dict[str, Any]
    """As it was claimed."""

    @property
    def id(self) -> str:
        return str(self.job["id"])

    @property
    def queue(self) -> str:
        return str(self.job["queue_name"])

    @property
    def attempt(self) -> int:
        """1 on the first run."""
        return int(self.job["attempts"])


class WorkerService:
    """Each method raises ApiError or UnreachableError."""

    def __init__(self, connection: Connection, worker_id: str) -> None:
        self.worker_id = worker_id
        self._connection = connection
        self._client = httpx.AsyncClient(
            **connection.settings(), limits=httpx.Limits(max_connections=None, max_keepalive_connections=20)
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def claim(self, queue: str, limit: int, lease: int, wait: float) -> list[Held]:
        """Jobs of a queue, at most so many; none when there were none for `wait` seconds."""
        body = {
            "queue_name": queue,
            "worker_id": self.worker_id,
            "limit": limit,
            "lease_duration_secs": lease,
            "wait_seconds": wait,
        }
        answer = await self._post("/jobs/claim", body, wait + self._connection.seconds)
        return [Held(job) for job in answer["jobs"]]

    async def extend(self, held: Held, seconds: int, patience: float) -> None:
        await self._post(
            f"/jobs/{held.id}/heartbeat", self._hold(held) | {"lease_duration_secs": seconds}, patience
        )

    async def complete(self, held: Held, result: Any) -> None:
        body = self._hold(held) | ({} if result is None else {"result": result})
        await self._post(f"/jobs/{held.id}/complete", body, QUICK)

    async def fail(self, held: Held, error: str, *, no_retry: bool) -> bool:
        """Whether the job will be tried again."""
        body = self._hold(held) | {"error": error[:LONGEST_ERROR], "no_retry": no_retry}
        answer = await self._post(f"/jobs/{held.id}/fail", body, QUICK)
        return bool(answer["will_retry"])

    async def release(self, held: Held) -> None:
        """Give a job back, its attempt not used."""
        await self._post(f"/jobs/{held.id}/release", self._hold(held), QUICK)

    async def register(self, registration: dict[str, Any]) -> float:
        """Seconds between two heartbeats."""
        body = registration | {"worker_id": self.worker_id, "worker_type": "command", "version": VERSION}
        answer = await self._post("/workers/register", body, QUICK)
        return float(answer["heartbeat_interval_secs"])

    async def beat(self, status: str, current_jobs: int) -> None:
        await self._post(
            f"/workers/{self.worker_id}/heartbeat", {"status": status, "current_jobs": current_jobs}, QUICK
        )

    async def deregister(self) -> None:
        await self._post(f"/workers/{self.worker_id}/deregister", {}, QUICK)

    def _hold(self, held: Held) -> dict[str, Any]:
        return {"worker_id": self.worker_id, "lease_id": held.job["lease_id"]}

    async def _post(self, path: str, body: dict[str, Any], seconds: float) -> Any:
        content = json.dumps(body).encode()
        timeout = httpx.Timeout(seconds, connect=min(seconds, QUICK))
        try:
            response = await self._client.post(
                self._connection.path(path),
                content=content,
                headers={"Content-Type": "application/json"},
                timeout=timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._connection.unreachable(error) from error
        return answer_of(response)


def is_gone(error: Exception) -> bool:
    """Whether the service says that this worker does not hold the job."""
    return isinstance(error, ApiError) and error.status in GONE
