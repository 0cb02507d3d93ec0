"""The console at size: `python -m benchmarks.console [--jobs N] [--rounds N] [--pictures FOLDER]`.

An organization has a million jobs: a quarter waits, the others have ended. Each page is opened from nothing
in Chromium, with an empty cache: until it is shown, what came over the wire, the slowest request of the API,
what the browser complains of and what axe-core finds. Prints a table, and last a line of JSON for programs.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import psycopg

from benchmarks.grown import Size, grown
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from tests.support.browser import Page, opened_page
from tests.support.console import Console
from tests.support.official import new_key
from tests.support.run import started

QUEUES, ORGANIZATIONS, DAYS, WORKFLOWS = 10, 102, 30, 20
_STEPS = 3
_BYTES = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
_SLOWEST = """performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes('/api/v1/') && !name.includes('/events'))
  .map(({ duration, name }) => [duration, new URL(name).pathname])
  .reduce((slowest, entry) => entry[0] > slowest[0] ? entry : slowest, [0, ''])"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a page took: milliseconds until it is shown, bytes, the slowest request of the API."""

    place: str
    shown_ms: float
    transferred_bytes: int
    slowest_ms: float
    slowest: str
    complaints: list[str]
    unfit: list[str]


def _places(console: Console) -> Iterator[str]:
    """Every page of the menu, and one of each kind that is opened from a list."""
    for link in console.page.evaluate(
        "[...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))"
    ):
        yield str(link)
    yield "#/jobs?status=completed&queue=bench-3"
    for status in ("pending", "scheduled", "completed", "deadletter"):
        (job,) = console.api("GET", f"/jobs?limit=1&status={status}")
        yield f"#/jobs/{job['id']}"
    yield "#/queues/bench-0"
    for path in ("workflows", "schedules", "workers"):
        for one in console.api("GET", f"/{path}")[:1]:
            yield f"#/{path}/{one['id']}"


def _fill(console: Console) -> None:
    """What `grown` does not make: workflows, a schedule and a worker."""
    for number in range(WORKFLOWS):
        steps = [
            {
                "key": f"step-{n}",
                "queue_name": "bench-9",
                "payload": {},
                "depends_on": [f"step-{n - 1}"] if n else [],
            }
            for n in range(_STEPS)
        ]
        console.api("POST", "/workflows", {"name": f"Import {number}", "jobs": steps})
    schedule = {
        "name": "Nightly",
        "cron_expression": "0 3 * * *",
        "timezone": "Europe/Berlin",
        "queue_name": "bench-9",
    }
    console.api("POST", "/schedules", schedule | {"payload_template": {}})
    console.api("POST", "/workers/register", {"queue_name": "bench-0", "hostname": "web-1"})


def _open(console: Console, place: str, rounds: int) -> Opened:
    taken, sizes, slowest = [], [], []
    for _ in range(rounds):
        console.page.go("about:blank")
        start = perf_counter()
        console.page.go(f"{console.url}/console{place}")
        console.wait_until_shown()
        taken.append(1000 * (perf_counter() - start))
        sizes.append(console.page.evaluate(_BYTES))
        slowest.append(console.page.evaluate(_SLOWEST))
    complaints, console.page.complaints = console.page.complaints, []
    slowest.sort()
    middle = slowest[len(slowest) // 2]
    return Opened(place, median(taken), max(sizes), middle[0], middle[1], complaints, console.page.unfit())


def _key_of_the_first(url: str, database_url: str) -> str:
    """A key that may do everything in the organization that has the jobs."""
    key = new_key(url)
    with psycopg.connect(database_url, autocommit=True) as owner, owner.transaction():
        owner.execute("SET LOCAL ROLE spooled_system")
        (newest_prefix,) = owner.execute(
            "SELECT key_prefix FROM api_key ORDER BY created_at DESC LIMIT 1"
        ).fetchone() or ("",)
        owner.execute("UPDATE api_key SET org_id = 1 WHERE key_prefix = %s", (newest_prefix,))
    return key


def _measured(page: Page, url: str, database_url: str, rounds: int, pictures: Path | None) -> list[Opened]:
    console = Console(page, url, _key_of_the_first(url, database_url))
    _fill(console)
    page.listen()
    page.look_like()
    page.without_cache()
    console.sign_in()
    found = []
    for place in [*_places(console)]:
        found.append(_open(console, place, rounds))
        one = found[-1]
        size, slowest = f"{one.transferred_bytes / 1000:5.1f} kB", f"{one.slowest_ms:5.0f} ms {one.slowest}"
        print(f"{one.shown_ms:5.0f} ms {size} {slowest} {place}", *one.complaints, *one.unfit, flush=True)
        if pictures:
            console.picture(pictures, place.strip("#/").replace("/", "-").replace("?", "-"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="spooled-console-")))
        for name in ("servers", "home", "browser"):
            (folder / name).mkdir()
        server = opened.enter_context(running_postgres(folder / "servers"))
        redis = opened.enter_context(running_redis(folder / "servers"))
        waiting = chosen.jobs // 4
        size = Size(waiting, (chosen.jobs - waiting) * 10 // 8, DAYS, QUEUES, ORGANIZATIONS)
        database = grown(server, "console", size)
        settings = {"DATABASE_URL": database, "REDIS_URL": redis}
        run = opened.enter_context(started(folder / "home", settings=settings))
        httpx.get(f"{run.url}/health").raise_for_status()
        page = opened.enter_context(opened_page(folder / "browser", "about:blank"))
        found = _measured(page, run.url, database, chosen.rounds, chosen.pictures)
        run.end()
    print(json.dumps([asdict(one) for one in found]))


if __name__ == "__main__":
    main()
