"""A client of the API that says what a test means."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service

V1 = "/api/v1"
ROOTS = ("/api/", "/health", "/metrics", "/openapi", "/docs", "/console")
"""What the paths begin with that do not stand under `V1`."""


@dataclass
class Api:
    """Requests with one credential, or none."""

    client: httpx.AsyncClient
    key: str = ""

    async def call(self, method: str, path: str, status: int | None = None, **kwargs: Any) -> Any:
        """The JSON of an answer; with `status` it must have that one."""
        response = await self.raw(method, path, **kwargs)
        if status is not None:
            assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def raw(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= kwargs.pop("headers", {})
        url = path if path.startswith(ROOTS) else V1 + path
        return await self.client.request(method, url, headers=headers, **kwargs)

    async def get(self, path: str, params: dict[str, Any] | None = None, status: int = 200) -> Any:
        return await self.call("GET", path, status, params=params or {})

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return await self.call("POST", path, status, json={} if body is None else body)

    async def put(self, path: str, body: Any, status: int = 200) -> Any:
        return await self.call("PUT", path, status, json=body)

    async def delete(self, path: str, status: int = 204) -> Any:
        return await self.call("DELETE", path, status)

    async def new_tenant(self) -> "Tenant":
        slug = f"org-{uuid.uuid4().hex[:16]}"
        made = await self.post("/organizations", {"name": "Test", "slug": slug}, 201)
        return Tenant(self.client, made["api_key"]["key"], made["id"])


@asynccontextmanager
async def api_of(core: Core) -> AsyncIterator[Api]:
    """The API on these services, without a credential."""

    async def opened() -> Core:
        return core

    service = Service(every_function()[0], opened)
    # An address of its own, as what is counted by address outlives a test in Redis.
    client_address = (uuid.uuid4().hex, 0)
    transport = httpx.ASGITransport(service, raise_app_exceptions=True, client=client_address)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield Api(client)


@dataclass
class Tenant(Api):
    """One organization's requests, by a key that may do everything."""

    org_id: str = ""

    async def with_key(self, **fields: Any) -> "Tenant":
        """The same organization through another key, for example `permissions=[...]`."""
        made = await self.post(f"/organizations/{self.org_id}/api-keys", {"name": "Narrow", **fields}, 201)
        return Tenant(self.client, made["key"], self.org_id)

    async def push(self, queue: str = "emails", status: int = 201, **fields: Any) -> Any:
        return await self.post("/jobs", {"queue": queue, "payload": {"n": 1}} | fields, status)

    async def dequeue(self, queue: str = "emails", **fields: Any) -> Any:
        return await self.post("/jobs/dequeue", {"queue": queue, "worker_id": "w1"} | fields)

    async def job(self, job_id: str, status: int = 200) -> Any:
        return await self.get(f"/jobs/{job_id}", status=status)

    async def bury(self, queue: str = "emails", **fields: Any) -> Any:
        """A job in the dead-letter queue."""
        job = await self.push(queue, **fields)
        await self.dequeue(queue)
        await self.post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})
        return job


def field_of(answer: dict[str, Any]) -> str:
    """The field that an error names."""
    assert answer["error"] == answer["message"]
    field: str = answer["details"][0]["field"]
    return field
