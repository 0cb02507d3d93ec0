"""The processes of a service while its secret is replaced: one database, different settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from shared.core import Core
from shared.tenants.key_cache import KeyCache
from tests.support.api import Api, api_of

OLD, NEW = "the-secret-of-before", "the-secret-from-now-on"
BEFORE = {"secret_key": OLD, "secret_key_fallbacks": ""}
ACCEPTED = {"secret_key": OLD, "secret_key_fallbacks": NEW}
CURRENT = {"secret_key": NEW, "secret_key_fallbacks": OLD}
AFTER = {"secret_key": NEW, "secret_key_fallbacks": ""}
"""The steps, in their order."""


def at(core: Core, step: dict[str, str]) -> Core:
    """A process with the settings of a step, which looks up each key."""
    return replace(
        core, settings=core.settings.model_copy(update=step), key_cache=KeyCache(timedelta(seconds=0))
    )


@asynccontextmanager
async def served_at(core: Core, step: dict[str, str]) -> AsyncIterator[Api]:
    """The API of such a process."""
    async with api_of(at(core, step)) as api:
        yield api
