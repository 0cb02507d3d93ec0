"""Jobs in the console: found, chosen, acted upon, looked at, explained; and what users put into them."""

import json
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.incident import bury
from tests.support.wait import wait_until

ROWS = "document.querySelectorAll('main tbody tr').length"
IMAGE = "<img src=x onerror=\"document.title='taken over'\">"
SCRIPT = "</script><script>document.title='taken over'</script>"
TURNED = "abc\u202edef\u2066"
LONG = "y" * 100_000
HOLD_BACK = """{
  const real = fetch;
  fetch = (url, options) => url.includes("after=")
    ? new Promise((answer) => {
        late = async () => {
          const came = await real(url, options);
          const whole = came.clone();
          answer(came);
          await whole.text();
          for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        };
      })
    : real(url, options);
}"""
"""The next page comes when `late` is called, and is shown when that is over."""
HUGE = 12_345_678_901_234_567_890


def push(console: Console, queue: str = "emails", **fields: Any) -> str:
    """The id of a new job."""
    return str(console.api("POST", "/jobs", {"queue": queue, "payload": {}} | fields)["id"])


def status_of(console: Console, job: str) -> str:
    return str(console.api("GET", f"/jobs/{job}")["status"])


def test_jobs_are_found_chosen_and_opened_by_keys(console: Console) -> None:
    """A search stands in the address; j and k go through rows, x chooses one, Enter opens it."""
    invoice = push(console, payload={"job_type": "invoice"})
    push(console, "other", payload={"job_type": "reminder"})
    console.sign_in("#/jobs")
    page = console.page
    wait_until(lambda: page.evaluate(ROWS) == 2)
    page.press("/")
    page.type("#search", "invo")
    page.press("Enter")
    wait_until(lambda: page.evaluate(ROWS) == 1)
    assert page.evaluate("location.hash") == "#/jobs?q=invo"

    page.press("Escape", "j", "x")
    page.wait_for("1 chosen", ".bulk")
    page.press("x")
    page.wait_for("Choose all shown", ".bulk")
    page.press("Enter")
    page.wait_for(invoice, "main h1")
    page.evaluate("history.back()")
    page.wait_for("Jobs", "main h1")
    page.type("#search", invoice)
    page.press("Enter")
    page.wait_for(invoice, "main h1")


def test_new_jobs_are_announced_and_more_are_loaded(console: Console) -> None:
    """What is shown does not move when jobs come in; the next page follows the last row without gap."""
    console.api("POST", "/jobs/bulk", {"queue": "emails", "jobs": [{"payload": {}}] * 60})
    console.sign_in("#/jobs?queue=emails")
    page = console.page
    page.wait_for("Live", "#live")
    wait_until(lambda: page.evaluate(ROWS) == 50)
    first = page.text("main tbody tr a")
    push(console)
    page.wait_for("Show 1 new job", "main .newer")
    page.click("main .more button", "Load more")
    wait_until(lambda: page.evaluate(ROWS) == 60)
    assert page.text("main tbody tr a") == first

    page.click("main .newer button")
    wait_until(lambda: page.text("main tbody tr a") != first)
    wait_until(lambda: page.evaluate(ROWS) == 50)
    shown = page.evaluate("[...document.querySelectorAll('main tbody tr a.mono')].map((a) => a.textContent)")
    assert len(set(shown)) == 50


def test_a_page_that_comes_late_is_not_of_another_filter(console: Console) -> None:
    """Who filters otherwise while more is loaded sees the jobs of the new filter alone."""
    console.api("POST", "/jobs/bulk", {"queue": "emails", "jobs": [{"payload": {}}] * 60})
    other = push(console, "other")
    console.sign_in("#/jobs?queue=emails")
    page = console.page
    wait_until(lambda: page.evaluate(ROWS) == 50)
    page.evaluate(HOLD_BACK)
    page.click("main .more button", "Load more")
    console.open("#/jobs?queue=other", "Jobs")
    page.wait_for(other, "main tbody")
    wait_until(lambda: page.evaluate(ROWS) == 1)

    page.evaluate("late()")

    assert page.evaluate(ROWS) == 1


def test_chosen_jobs_get_each_act(console: Console) -> None:
    """Priority, another queue, cancel and delete, each previewed and confirmed, on the chosen rows alone."""
    jobs = [push(console) for _ in range(2)]
    left = push(console, "left")
    console.sign_in("#/jobs?queue=emails")
    page = console.page

    def act(name: str, *fields: tuple[str, str]) -> None:
        page.click(".bulk label")
        page.wait_for("2 chosen", ".bulk")
        page.click(".bulk button", name)
        for field, value in fields:
            page.type(f"dialog [name={field}]", value)
            page.press("Enter")
        page.wait_for("2 jobs", "dialog h2")
        page.click("dialog button[type=submit]")
        page.click(".in-hand li.good button", "Put away")

    act("Priority…", ("priority", "7"))
    act("Move…", ("queue_name", "moved"))
    assert [console.api("GET", f"/jobs/{job}")["priority"] for job in jobs] == [7, 7]
    assert {console.api("GET", f"/jobs/{job}")["queue_name"] for job in jobs} == {"moved"}

    console.open("#/jobs?queue=moved", "Jobs")
    act("Cancel")
    assert {status_of(console, job) for job in jobs} == {"cancelled"}
    page.wait_for("Cancelled", "main tbody")
    act("Delete")
    page.wait_for("Deleted", "main tbody")
    assert console.api("GET", "/jobs/stats")["total"] == 1
    assert status_of(console, left) == "pending"


def test_a_job_gets_what_its_state_allows(console: Console) -> None:
    """Each act on its own page, when the state allows it; the others are off, and say why."""
    job = push(console)
    console.sign_in(f"#/jobs/{job}")
    page = console.page
    page.click("main .acts button", "Priority…")
    page.type("dialog [name=priority]", "9")
    page.press("Enter")
    page.wait_for("It has priority 9.", "#notices")
    page.wait_for("Not now: retry, give back, delete", "main .reasons")
    page.click("main .acts button", "Move…")
    page.type("dialog [name=queue_name]", "moved")
    page.press("Enter")
    page.wait_for("Move 1 job to moved?", "dialog")
    page.click("dialog button[type=submit]")
    page.wait_for("from emails", "main .timeline")

    console.api("POST", "/jobs/claim", {"queue": "moved", "worker_id": "worker-7"})
    page.wait_for("Running", "main .crumbs")
    page.wait_for("worker-7", "main .pairs")
    page.click("main .acts button", "Give back…")
    page.click("dialog button[type=submit]")
    page.wait_for("Pending", "main .crumbs")
    page.wait_for("Given back", "main .timeline")

    taken = console.api("POST", "/jobs/dequeue", {"queue": "moved", "worker_id": "worker-7"})
    failure = {"error": "mail server said no", "no_retry": True}
    console.api("POST", f"/jobs/{taken['id']}/fail", failure)
    page.wait_for("Dead letter", "main .crumbs")
    page.wait_for("mail server said no", "main .timeline")
    page.click("main .acts button", "Retry")
    page.wait_for("Pending", "main .crumbs")
    page.click("main .acts button", "Cancel")
    page.click("dialog button[type=submit]")
    page.wait_for("Cancelled", "main .crumbs")
    reason = page.evaluate("document.querySelector('main .acts button[disabled]').title")
    assert reason == "only failed and dead jobs can be retried"

    page.click("main .acts button", "Delete")
    page.wait_for("Delete 1 job?", "dialog")
    page.click("dialog button[type=submit]")
    page.wait_for("Jobs", "main h1")
    wait_until(lambda: console.api("GET", "/jobs/stats")["total"] == 0)


def test_the_explanation_follows_what_happens(console: Console) -> None:
    """A paused queue holds the job, with the reason; once it is resumed the gate passes, without a reload."""
    console.api("POST", "/queues", {"name": "emails"})
    console.api("POST", "/queues/emails/pause", {"reason": "mail server is down"})
    job = push(console)
    console.sign_in(f"#/jobs/{job}")
    page = console.page
    page.wait_for("mail server is down", ".gates li.warn")
    console.api("POST", "/queues/emails/resume", {})
    page.wait_for("The queue is not paused.", ".gates")


def test_what_users_write_is_text(console: Console) -> None:
    """Tags of HTML, ends of scripts, marks that turn text around and 100 kB are shown as they are written."""
    hostile = {"job_type": IMAGE, "script": SCRIPT, "turned": TURNED, "long": LONG, "n": HUGE}
    waiting = push(console, payload=hostile, tags={IMAGE: SCRIPT}, idempotency_key=SCRIPT)
    console.api("POST", "/jobs", {"queue": "dying", "payload": hostile, "max_retries": 0})
    dead = console.api("POST", "/jobs/dequeue", {"queue": "dying", "worker_id": IMAGE})["id"]
    console.api("POST", f"/jobs/{dead}/fail", {"error": f"{IMAGE} {SCRIPT} {TURNED}{'z' * 1_900}"})
    console.sign_in("#/jobs")
    page = console.page
    page.wait_for(IMAGE, "main tbody")
    page.wait_for(SCRIPT, "main tbody")

    console.open(f"#/jobs/{waiting}", waiting)
    page.wait_for(IMAGE, "main .tags")
    page.wait_for(SCRIPT, "main .pairs")
    page.click("main .value [aria-expanded=false]")
    wait_until(lambda: json.loads(page.text("main .value pre")) == hostile)
    console.open(f"#/jobs/{dead}", dead)
    page.wait_for(IMAGE, "main .timeline")
    assert (console.sticking_out(), page.unfit()) == ([], [])
    console.open("#/dead-letters", "Dead letters")
    page.wait_for("<img src=", "main .causes")
    assert (console.sticking_out(), page.unfit()) == ([], [])
    assert page.evaluate("document.title") == "Dead letters · Spooled"
    assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0


def test_a_key_that_may_only_read_is_told_so(console: Console) -> None:
    """Acts are off, and name the permission that is missing."""
    bury(console, {"broken": 1})
    given = {"name": "reader", "permissions": ["jobs:read", "queues:read", "organization:read"]}
    console.key = console.api("POST", "/api-keys", given)["key"]
    console.sign_in("#/dead-letters")
    page = console.page
    page.wait_for("Retry all", "main .causes")
    assert page.evaluate(
        "[...document.querySelectorAll('.causes button')].map((button) => button.title)"
    ) == [
        "this sign-in lacks the permission jobs:write",
        "this sign-in lacks the permission jobs:delete",
    ]


@pytest.mark.parametrize("place", ["#/jobs?tag=nothing", "#/dead-letters", "#/acts"])
def test_an_empty_page_says_what_it_is_for(console: Console, place: str) -> None:
    """Nothing found is said in words."""
    console.sign_in(place)
    wait_until(lambda: console.page.text("main .empty") != "")
