"""The console in an incident: causes are found, one group is retried, one purged, and an act is aborted."""

import os

from tests.support.console import Console
from tests.support.incident import bury, held_acts
from tests.support.run import Run

JOBS = int(os.environ.get("INCIDENT_JOBS", "600"))
"""More of them take longer, and show what a large incident is like."""
REFUSED, DECLINED, UNKNOWN = JOBS * 6 // 10, JOBS * 3 // 10, JOBS // 10


def counts(console: Console) -> dict[str, int]:
    stats: dict[str, int] = console.api("GET", "/jobs/stats")
    return stats


def test_an_incident_is_understood_and_put_right(console: Console) -> None:
    """Three causes show with their counts; one is retried, one deleted once its number is typed, one left."""
    bury(console, {"connection to 10.0.0.{} refused": REFUSED, "card {} declined": DECLINED})
    bury(console, {"no such user '{}'": UNKNOWN}, "billing")
    console.sign_in("#/dead-letters")
    page = console.page
    page.wait_for(f"{JOBS:,} dead letters of 3 causes")
    for cause in ("connection to * refused", "card * declined", "no such user *"):
        page.wait_for(cause, ".causes")

    page.click(".causes button", f"Retry all {REFUSED:,} jobs of: connection to * refused")
    page.wait_for(f"Retry {REFUSED:,} jobs?", "dialog")
    page.wait_for("connection to 10.0.0.", "dialog .sample")
    page.click("dialog button[type=submit]")
    page.wait_for(f"{REFUSED:,} of {REFUSED:,} jobs", ".in-hand")
    page.wait_for("of 2 causes")
    assert counts(console)["pending"] == REFUSED

    page.click(".causes button", f"Delete all {DECLINED:,} jobs of: card * declined")
    page.type("dialog [name=typed]", "1")
    page.press("Enter")
    page.wait_for(f"That is not {DECLINED}.", "dialog")
    page.type("dialog [name=typed]", str(DECLINED))
    page.press("Enter")
    page.wait_for(f"{UNKNOWN:,} dead letters of 1 cause")
    assert counts(console)["deadletter"] == UNKNOWN

    page.click(".causes a", "Jobs")
    page.wait_for("no such user '", "main tbody")
    page.wait_for("billing", "main tbody")
    console.open("#/acts", "Bulk acts")
    page.wait_for("Retry: dead jobs of one cause", "main tbody")
    who = console.api("GET", "/jobs/acts")[0]["created_by"]["name"]
    assert page.text("main tbody").count(who) == 2


def test_an_act_is_stopped(console: Console, service: Run) -> None:
    """Abort ends an act that is under way; what it had not reached stays dead, and the page says so."""
    bury(console, {"disk {} is full": 600})
    console.sign_in("#/jobs?status=deadletter")
    page = console.page
    page.click(".bulk label")
    page.wait_for("50 chosen", ".bulk")
    page.click(".bulk button", "Choose all that match the filter")
    page.click(".bulk button", "Retry")
    page.wait_for("Retry 600 jobs?", "dialog")
    with held_acts(service) as hold:
        page.click("dialog button[type=submit]")
        hold()
        page.click(".in-hand button", "Abort the retry")
        page.wait_for("Stopped after", "#notices")

    page.wait_for("Aborted", ".in-hand")
    (act,) = console.api("GET", "/jobs/acts")
    assert (act["status"], act["done"] < 600) == ("aborted", True)
    assert counts(console)["deadletter"] == 600 - act["done"]
