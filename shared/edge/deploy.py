"""The steps of a deployment: functions that the cloud program calls once, before any traffic moves."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.edge.secrets import read_settings
from shared.settings import Settings

Step = Callable[[Settings], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class DeployStep:
    """A step of a deployment: `run(settings)` is safe to run again; by raising it fails the deployment."""

    run: Step

    def handler(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG002 - the payload says nothing
        """The Lambda handler."""
        return asyncio.run(self._run())

    async def _run(self) -> dict[str, Any]:
        return await self.run(read_settings())


def at_deploy() -> Callable[[Step], DeployStep]:
    """Declare a function as a step of each deployment."""
    return DeployStep
