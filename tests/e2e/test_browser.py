"""The page that docs/streams.md gives to browsers, in a real one, across a restart of the service."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.support import pages
from tests.support.browser import Page, chromium, opened_page, served_folder
from tests.support.run import ROOT, free_port, started
from tests.support.wait import wait_until

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")

BY_EVENT_SOURCE, BY_WEBSOCKET = "events", "messages"
LISTS = (BY_EVENT_SOURCE, BY_WEBSOCKET)


class Account:
    """An organization whose jobs are pushed and worked, and what is to be told of them, in order."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1"
        self._key = ""
        self._key = self._post("/organizations", {"name": "Page", "slug": "page"})["api_key"]["key"]
        self.token = str(self._post("/auth/login", {"api_key": self._key})["access_token"])
        self.told: list[str] = []

    def push(self) -> None:
        job = self._post("/jobs", {"queue": "emails", "payload": {}})
        self.told.append(f"JobCreated {job['id']}")

    def work(self) -> None:
        """Push one, and complete the oldest."""
        self.push()
        job = self._post("/jobs/dequeue", {"queue": "emails", "worker_id": "worker-1"})["id"]
        self._post(f"/jobs/{job}/complete", {})
        self.told += [f"{type_} {job}" for type_ in ("JobStatusChange", "JobStatusChange", "JobCompleted")]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        credential = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        answer = httpx.post(f"{self._url}{path}", json=body, headers=credential, timeout=20)
        answer.raise_for_status()
        return answer.json()


def shown(page: Page, place: str) -> list[str]:
    """Type and job of each line of a list, but for what is not of a job."""
    lines: list[str] = page.evaluate(
        f"[...document.querySelectorAll('#{place} li')].map((line) => line.textContent)"
    )
    split = [line.split(" ", 1) for line in lines if line.startswith("Job")]
    return [f"{type_} {json.loads(data)['job_id']}" for type_, data in split]


def all_is_shown(page: Page, account: Account) -> bool:
    return all(account.told[-1] in shown(page, place) for place in LISTS)


def page_of_the_documentation() -> str:
    (block,) = [
        block for block in pages.Page.read(ROOT / "docs/streams.md").blocks if block.language == "html"
    ]
    return block.text


@pytest.mark.parametrize("settings", [{}, {"REDIS_URL": "none"}], ids=["with Redis", "without Redis"])
def test_a_page_misses_nothing_across_a_restart(tmp_path: Path, settings: dict[str, str]) -> None:
    """EventSource and WebSocket show each change before and after it, once and in their order."""
    port, home, site = free_port(), tmp_path / "data", tmp_path / "site"
    site.mkdir()
    (site / "watch.html").write_text(page_of_the_documentation(), encoding="utf-8")
    with served_folder(site) as site_url, ExitStack() as until_the_end:
        with started(home, port=port, settings=settings) as run:
            account = Account(run.url)
            place = urlencode({"service": run.url, "token": account.token})
            page = until_the_end.enter_context(opened_page(tmp_path, f"{site_url}/watch.html#{place}"))

            def both_watch() -> bool:
                account.push()
                return all(shown(page, place) for place in LISTS)

            wait_until(both_watch)
            for _ in range(3):
                account.work()
            # Nobody waits for this one to be shown before the end.
            account.push()
            assert run.end() == 0
        with started(home, port=port, settings=settings):
            # Nor do these wait for the page to come back, which takes it a second.
            for _ in range(3):
                account.work()
            wait_until(lambda: all_is_shown(page, account))
            for _ in range(3):
                account.work()
            wait_until(lambda: all_is_shown(page, account))

        for place in LISTS:
            seen = shown(page, place)
            # Both began somewhere among the first pushes.
            assert seen == account.told[account.told.index(seen[0]) :]
