"""What could be learnt of a secret from how long or how the service refuses: nothing, by construction."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import shared
from shared.core import Core
from shared.store import Scope, Statement
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock

ROOT = Path(str(shared.__file__)).parents[1]
SECRET = re.compile(r"secret|signature|code_hash|key_hash|admin_api_key|metrics_token|webhook_token|password")
HARMLESS = {
    "functions/streams/__main__.py: settings.secret_key == DEVELOPMENT_SECRET",
    "shared/tenants/tokens.py: named != _name(secret)",
    "shared/webhooks/attempt.py: secrets[1:] == []",
}
"""Comparisons of what is called like a secret, and is none or was proven before."""


def comparisons() -> set[str]:
    """Every `==` and `!=` with a secret on one side, as far as names tell."""
    found = set()
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                    sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                    constants = [isinstance(side, ast.Constant) for side in (node.left, *node.comparators)]
                    if any(SECRET.search(side) for side in sides) and not any(constants):
                        found.add(f"{path.relative_to(ROOT).as_posix()}: {ast.unparse(node)}")
    return found


def test_secrets_are_compared_in_constant_time() -> None:
    """No secret is compared by `==`, which stops at the first byte that differs."""
    assert comparisons() <= HARMLESS


@pytest.fixture
async def keys(org: Tenant, api: Api, clock: MovingClock) -> dict[str, str]:
    """Keys that are refused, each for another reason."""
    revoked = await org.post("/api-keys", {"name": "Revoked"}, 201)
    off = await org.post("/api-keys", {"name": "Off"}, 201)
    soon = clock().replace(microsecond=0)
    short = await org.post(
        "/api-keys", {"name": "Short", "expires_at": soon.replace(year=soon.year + 1).isoformat()}, 201
    )
    closed = await api.new_tenant()
    await org.delete(f"/api-keys/{revoked['id']}")
    await org.put(f"/api-keys/{off['id']}", {"is_active": False})
    await closed.delete(f"/organizations/{closed.org_id}")
    clock.advance(days=367)
    return {
        "unknown": "sk_live_" + "x" * 43,
        "nearly known": revoked["key"][:-1] + ("A" if revoked["key"][-1] != "A" else "B"),
        "revoked": revoked["key"],
        "switched off": off["key"],
        "expired": short["key"],
        "of a closed organization": closed.key,
    }


async def test_every_refused_key_costs_the_same_work(
    core: Core, org: Tenant, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look-up by hash, whatever the reason, in which nothing of the key stands; one answer to all."""
    asked: list[Statement] = []
    run = core.store.fetch_each

    async def kept(scope: Scope, statements: list[Statement], **how: Any) -> Any:
        asked.extend(statements)
        return await run(scope, statements, **how)

    monkeypatch.setattr(core.store, "fetch_each", kept)
    answers, work = set(), set()
    for key in keys.values():
        asked.clear()
        answer = await Tenant(org.client, key).raw("GET", "/jobs")
        answers.add((answer.status_code, answer.text))
        work.add(tuple((one.query.name, tuple(one.parameters)) for one in asked))
        assert key[8:] not in repr([one.parameters for one in asked])

    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1
    assert len(work) == 1
    assert [name for name, _ in work.pop()] == ["authenticate_key"]
