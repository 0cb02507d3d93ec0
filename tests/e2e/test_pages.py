"""What a page tells the reader to paste is pasted, all of it into one shell."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.pages import Page
from tests.support.run import ROOT, started
from tests.support.shell import paste

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the pages are for curl")


@needs_curl
def test_readme_takes_a_job_from_push_to_done(service_url: str) -> None:
    """The README's blocks, pasted in order, end with the job completed."""
    said = paste(Page.read(ROOT / "README.md").script(), service_url)

    assert re.search(r"^Your key: sk_live_\S{20,}$", said, re.MULTILINE)
    assert re.search(r"^Working on job_\w{13}$", said, re.MULTILINE)
    assert '"status":"completed"' in said.splitlines()[-1]
    assert '"email_sent":true' in said.splitlines()[-1]


@needs_curl
def test_getting_started_runs_from_top_to_bottom(service_url: str) -> None:
    """Every block of docs/getting-started.md works where it stands, and does what the text says of it."""
    said = paste(Page.read(ROOT / "docs/getting-started.md").script(), service_url)

    assert '"error":' not in said
    promises = ['"will_retry":true', '"status":"deadletter"', '"created":false', '"status":"scheduled"']
    for promise in [*promises, '"parents":{"create-account":{"account":42}}']:
        assert promise in said.replace(" ", "")


@needs_curl
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page signs with openssl")
def test_inbound_webhooks_run_from_top_to_bottom(service_url: str) -> None:
    """Every block of docs/inbound.md works, and of one delivery sent twice the second is a duplicate."""
    said = paste(Page.read(ROOT / "docs/inbound.md").script(), service_url).replace(" ", "")

    assert '"error":' not in said
    for promise in ('"matched_queue":"orders"', '"matched_queue":"builds"', '"status":"duplicate"'):
        assert promise in said


@needs_curl
def test_first_job_of_a_deployment_runs(tmp_path: Path) -> None:
    """The admin key of docs/deploy.md makes the first organization, and its key pushes a job."""
    admin_key = "an-admin-key-of-the-tests"
    production = {
        "SPOOLED_ENV": "production",
        "SECRET_KEY": "a-secret-of-the-tests",
        "ADMIN_API_KEY": admin_key,
    }
    script = f"ADMIN_API_KEY={admin_key}\n{Page.read(ROOT / 'docs/deploy.md').script()}"
    with started(tmp_path / "data", settings=production) as run:
        said = paste(script, run.url)

    assert '"status":"pending"' in said


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
