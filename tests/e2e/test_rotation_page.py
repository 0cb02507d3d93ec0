"""docs/rotation.md is right: what an operator pastes rotates what the page says, and the order holds."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg

from shared.settings import Settings
from tests.support.pages import Page
from tests.support.run import ROOT
from tests.support.shell import paste

PAGE = Page.read(ROOT / "docs/rotation.md")
ACCEPT, SWAP, LOOK, DROP = [block.text for block in PAGE.blocks if block.language == "sh"]
SECRET = "the secret of this installation".replace(" ", "-")


def test_all_commands_run(service_url: str, key: str) -> None:
    """Pasted in order, each is answered; then the new key is in use and both secrets are good."""
    headers = {"Authorization": f"Bearer {key}"}
    body = {"name": "w", "url": "http://127.0.0.1:9/in", "events": ["job.completed"], "secret": "old"}
    with httpx.Client(base_url=f"{service_url}/api/v1", headers=headers, timeout=30) as http:
        webhook = http.post("/outgoing-webhooks", json=body).raise_for_status().json()["id"]
        said = paste(
            f"export SPOOLED_API_KEY={key} WEBHOOK={webhook}\n{PAGE.script()}\necho NEW=$SPOOLED_API_KEY",
            service_url,
        )
        new = said.rpartition("NEW=")[2].strip()
        good = http.get("/queues", headers={"Authorization": f"Bearer {new}"})
        shown = http.get(f"/outgoing-webhooks/{webhook}").json()
        successor, before = http.get("/api-keys").json()

    assert new.startswith("sk_live_")
    assert new != key
    assert good.status_code == 200
    assert "whsec_" in said
    assert shown["overlap_ends_at"] is not None
    assert (successor["rotated_from"], before["rotated_to"]) == (before["id"], successor["id"])


def test_the_servers_secret_goes_the_way_of_the_page(
    own_url: str, settings: Settings, tmp_path: Path
) -> None:
    """Each step leaves the settings of the table, and the doctor stops the last one while it must."""
    file = tmp_path / "spooled.env"
    lines = {"DATABASE_URL": own_url, "REDIS_URL": settings.redis_url, "SPOOLED_ENV": "development"}
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()) + f"SECRET_KEY={SECRET}\n")

    def run(script: str) -> int:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
        # `env` runs programs, not functions of the shell.
        program = tmp_path / "bin" / "spooled"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shared.command "$@"\n')
        program.chmod(0o755)
        environment["PATH"] = f"{program.parent}:{environment['PATH']}"
        done = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, env=environment, check=False)
        return done.returncode

    def secrets() -> tuple[str, ...]:
        pairs = dict(line.split("=", 1) for line in file.read_text().splitlines())
        return Settings.from_environment(pairs).secret_keys

    def execute(statement: str) -> None:
        with psycopg.connect(own_url) as owner:
            owner.execute("SET ROLE spooled_system")
            owner.execute(statement.encode())

    assert run(ACCEPT) == 0
    current, new = secrets()
    assert (current, len(new)) == (SECRET, 64)
    assert run(SWAP) == 0
    assert secrets() == (new, SECRET)
    execute(
        "WITH made AS (INSERT INTO organization (name, slug, plan_tier, created_at, updated_at)"
        " VALUES ('o', 'rotated', 'pro', now(), now()) RETURNING org_id)"
        " INSERT INTO api_key (org_id, name, key_hash, key_prefix, created_at)"
        " SELECT org_id, 'k', 'hash', 'sk_live_', now() FROM made"
    )
    assert run(LOOK) == 1
    execute("UPDATE api_key SET is_active = false, revoked_at = now()")
    assert run(LOOK) == 0
    assert run(DROP) == 0
    assert secrets() == (new,)
