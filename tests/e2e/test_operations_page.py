"""docs/operations.md is right: who is on call pastes its commands, and they do what the page says."""

import asyncio
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from localstack.account import account_for
from localstack.binaries import postgres_binaries
from shared.store.migrate import migrate
from tests.support.pages import Page
from tests.support.run import ROOT
from tests.support.servers import Servers
from tests.support.shell import paste

PAGE = ROOT / "docs/operations.md"
ALERTS = ROOT / "localstack/prometheus/alerts.yml"
COMMAND = f'spooled() {{ "{sys.executable}" -m shared.command "$@"; }}'
SYMPTOMS = (
    "Jobs pile up",
    "A job does not run",
    "Jobs run twice",
    "A schedule did not fire",
    "Dead letters grow",
    "The database is full",
    "Redis is gone",
    "A timer is silent",
    "Webhooks do not arrive",
    "Everything is slow, 429 and 503",
    "Someone paused a queue",
    "A worker died, leases lapse",
    "Restore from a backup",
)


@pytest.fixture
def trouble(service_url: str, key: str) -> dict[str, str]:
    """An organization in which a job is held, one is dead, a webhook fails: the variables of the page."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{service_url}/api/v1", headers=headers, timeout=30) as http:

        def post(path: str, **body: object) -> dict[str, str]:
            answer: dict[str, str] = http.post(path, json=body).raise_for_status().json()
            return answer

        dead = post("/jobs", queue="emails", payload={})
        post("/jobs/dequeue", queue="emails", worker_id="w")
        post(f"/jobs/{dead['id']}/fail", error="mail server said no", no_retry=True)
        waiting = post("/jobs", queue="emails", payload={})
        post("/queues/emails/pause", reason="the mail server is down")
        schedule = post("/schedules", name="s", cron_expression="0 3 * * *", queue="reports", payload={})
        # Nobody listens on that port.
        webhook = post("/outgoing-webhooks", name="w", url="http://127.0.0.1:9/in", events=["job.completed"])
    names = {"JOB": waiting["id"], "QUEUE": "emails", "SCHEDULE": schedule["id"], "WEBHOOK": webhook["id"]}
    return {"SPOOLED_API_KEY": key, **names}


def test_each_symptom_has_its_place_and_ends_in_a_command() -> None:
    """Sections stand in their order, name alerts that there are, and end in a block for the shell."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[2:]

    assert tuple(section.partition("\n")[0] for section in sections) == SYMPTOMS
    alerts = re.findall(r"alert: (\w+)", ALERTS.read_text(encoding="utf-8"))
    assert {name for text in sections for name in re.findall(r"Spooled[A-Z]\w+", text)} <= {*alerts}
    assert [text for text in sections if not re.search(r"```bash\n[^`]+```\s*$", text)] == []


def test_all_commands_run(service_url: str, trouble: dict[str, str]) -> None:
    """Pasted in order, each is answered, and what the page says can be seen is seen."""
    variables = "\n".join(f"{name}={value}" for name, value in trouble.items())
    script = f"{variables}\nexport SPOOLED_API_KEY\n{COMMAND}\n{Page.read(PAGE).script()}"
    said = paste(script, service_url).replace(" ", "")

    for promise in (
        "paused\thold",
        "Exitcode8",
        "themailserverisdown",
        '"triggered_at"',
        "mailserversaidno",
        "Retry:1job",
        "emailsresumed",
        '"silent_timers":[]',
        "spooled_database_up1",
        "noneissilent,saystheservice",
        '"status":"ready"',
    ):
        assert promise in said


def test_a_dump_that_is_restored_has_all_organizations(servers: Servers, tmp_path: Path) -> None:
    """The commands of a backup take all rows through row-level security, and no migration is due after it."""
    url = servers.new_database("dumped")
    with closing(psycopg.connect(url, autocommit=True)) as owner:
        owner.execute("SET ROLE spooled_system")
        owner.execute(
            "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
            " SELECT n, 'o', 'dumped-' || n, 'pro', now(), now() FROM generate_series(1, 3) AS n"
        )
    restored = f"{url.rpartition('/')[0]}/spooled_restored"
    blocks = [block.text for block in Page.read(PAGE).blocks if block.language == "sh"]
    script = "\n".join([f"export PYTHONPATH={ROOT}", COMMAND, *blocks])
    path = f"{postgres_binaries(account_for(tmp_path))}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-eu", "-c", script],
        env={"PATH": path, "DATABASE_URL": url, "RESTORED_URL": restored},
        cwd=tmp_path,
        check=True,
    )

    with closing(psycopg.connect(restored, autocommit=True)) as owner:
        owner.execute("SET ROLE spooled_system")
        found = owner.execute("SELECT count(*) FROM organization").fetchone()
    assert found == (3,)
    assert asyncio.run(migrate(restored)) == []


def test_what_is_asked_of_the_database_is_answered(database_url: str) -> None:
    """The statements of the page run as the owner of the tables, who is no superuser."""
    statements = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with closing(psycopg.connect(database_url, autocommit=True)) as owner:
        for text in statements:
            owner.execute(text.encode())

    assert len(statements) == 2
