"""However an invocation or its environment ends, the database has no transaction of it open."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.servers import Servers
from tests.support.until import until

ROOT = Path(__file__).parents[2]
STATEMENT_TIMEOUT_MS = 500


@dataclass
class Environment:
    """A process with one connection, and a look at it from the database's side."""

    process: asyncio.subprocess.Process
    url: str

    def start(self, outcome: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{outcome}\n".encode())

    async def invoke(self, outcome: str) -> int | str:
        self.start(outcome)
        assert self.process.stdout
        answer: int | str = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))
        return answer

    async def sessions(self) -> list[tuple[int, str]]:
        """The process and the state of each connection that the environment has."""
        return await self.look(
            "SELECT pid, state FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'spooled'"
        )

    async def written(self, outcome: str) -> int:
        return len(await self.look(f"SELECT 1 FROM visit WHERE outcome = '{outcome}'"))

    async def look(self, query: str) -> list[tuple[int, str]]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as watcher:
            return await (await watcher.execute(query.encode())).fetchall()

    async def is_gone(self) -> bool:
        return await self.sessions() == []

    async def holds_open(self, state: str = "idle in transaction") -> bool:
        return [found for _, found in await self.sessions()] == [state]


@pytest.fixture
async def environment(servers: Servers) -> AsyncIterator[Environment]:
    url = servers.new_database(f"environment_{uuid.uuid4().hex[:8]}")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute("CREATE TABLE visit (outcome text)")
        await owner.execute("GRANT ALL ON visit TO spooled_system")
    variables = {
        "SPOOLED_ENV": "development",
        "DATABASE_URL": url,
        "REDIS_URL": "none",
        "STATEMENT_TIMEOUT_MS": str(STATEMENT_TIMEOUT_MS),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.environment",
        cwd=ROOT,
        env=os.environ | variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield Environment(process, url)
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_no_outcome_leaves_a_transaction_open(environment: Environment) -> None:
    """Good, refused, broken, late, stopped, a timer too: the one connection is idle after each."""
    outcomes = {
        "good": 204,
        "refused": 404,
        "broken": 500,
        "wrong": 400,
        "late": 500,
        "slow": 503,
        "tick": "raised",
    }
    seen, sessions = {}, []
    for outcome in (*outcomes, "good"):
        seen[outcome] = await environment.invoke(outcome)
        sessions += await environment.sessions()

    assert seen == outcomes
    assert len({pid for pid, _ in sessions}) == 2  # this process is the environment of a timer as well
    assert {state for _, state in sessions} == {"idle"}
    assert await environment.written("good") == 2
    for outcome in ("refused", "broken", "wrong", "late", "slow"):
        assert await environment.written(outcome) == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["shutdown", "time limit"])
async def test_an_idle_environment_takes_its_connection_along(environment: Environment, sign: int) -> None:
    """Between invocations it ends with nothing left in the database."""
    await environment.invoke("good")
    environment.process.send_signal(sign)

    await until(environment.is_gone)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["shutdown", "time limit"])
async def test_an_environment_that_ends_in_a_transaction_undoes_it(
    environment: Environment, sign: int
) -> None:
    """Ended between two statements, what it wrote is gone, at once."""
    environment.start("held")
    await until(environment.holds_open)
    environment.process.send_signal(sign)

    await until(environment.is_gone)
    assert await environment.written("held") == 0


async def test_an_environment_that_ends_in_a_statement_undoes_it(environment: Environment) -> None:
    """Ended while the database works for it, the work stops no later than the limit of a statement."""
    environment.start("slow")
    await until(lambda: environment.holds_open("active"))
    environment.process.send_signal(signal.SIGTERM)

    await until(environment.is_gone)
    assert await environment.written("slow") == 0


async def test_a_frozen_environment_serves_after_its_connection_was_closed(environment: Environment) -> None:
    """The server ends the session during the freeze: the write of the next invocation runs, once."""
    await environment.invoke("good")
    environment.process.send_signal(signal.SIGSTOP)
    [(pid, state)] = await environment.sessions()
    await environment.look(f"SELECT pg_terminate_backend({pid}, 5000)")
    environment.process.send_signal(signal.SIGCONT)

    assert state == "idle"
    assert [await environment.invoke("one"), await environment.invoke("good")] == [204, 204]
    assert (await environment.written("one"), await environment.written("good")) == (1, 2)
    assert [found == pid for found, _ in await environment.sessions()] == [False]
