"""The console's pages of workflows, schedules and workers, as a person clicks through them."""

from typing import Any

from tests.support.console import Console
from tests.support.wait import wait_until

HOSTILE = "<s>&</s>"
STATES = "[...document.querySelectorAll('.graph .node')].map(n => n.dataset.status).join()"
PLACES = "[...document.querySelectorAll('.graph .node')].map(n => n.getAttribute('transform')).join()"


def workflow(console: Console, name: str) -> Any:
    """Two steps that wait for a third, with a name that would be an element if it could."""
    queue = {"queue": "steps", "payload": {"job_type": "build"}, "max_retries": 0}
    steps = [
        {"key": "fetch", **queue},
        {"key": HOSTILE, "depends_on": ["fetch"], **queue},
        {"key": "pack", "depends_on": ["fetch"], **queue},
    ]
    return console.api("POST", "/workflows", {"name": name, "jobs": steps})


def take(console: Console) -> str:
    """The id of the job that a worker has now."""
    claimed = console.api("POST", "/jobs/claim", {"queue_name": "steps", "worker_id": "w1"})
    return str(claimed["jobs"][0]["id"])


def test_a_graph_follows_what_happens_and_nothing_moves(console: Console) -> None:
    """States change in picture and table by live events, places stay, and a node leads to its job."""
    made = workflow(console, HOSTILE)
    page = console.page
    page.look_like(width=1280)
    console.sign_in("#/workflows")
    page.wait_for("0 of 3", "main tbody")
    page.click("main tbody a", HOSTILE)
    wait_until(lambda: page.evaluate(STATES) == "pending,scheduled,scheduled")
    assert page.text("main h1") == HOSTILE
    assert page.evaluate("document.querySelectorAll('main s').length") == 0
    page.wait_for("Live", "#live")
    places = page.evaluate(PLACES)

    first = take(console)
    wait_until(lambda: page.evaluate(STATES) == "processing,scheduled,scheduled")
    console.api("POST", f"/jobs/{first}/complete", {"worker_id": "w1"})
    wait_until(lambda: page.evaluate(STATES) == "completed,pending,pending")
    assert page.evaluate(PLACES) == places
    page.wait_for("1 of 3", "main .figures")
    page.wait_for("fetch", "main .table")
    assert page.unfit() == []

    for button, size in (("Larger", "125 %"), ("Larger", "160 %"), ("Fit", "100 %"), ("Smaller", "85 %")):
        page.click("main .graph-box button", button)
        page.wait_for(size, "main .zoom")
    page.evaluate("document.querySelector('.graph .node').focus()")
    page.press("Enter")
    wait_until(lambda: page.evaluate("location.hash") == f"#/jobs/{made['job_ids'][0]['job_id']}")


def test_a_workflow_is_retried_and_cancelled(console: Console) -> None:
    """Retrying waits for a failure and says so; cancelling asks first; the list is filtered by state."""
    made = workflow(console, "Nightly build")
    console.sign_in(f"#/workflows/{made['id']}")
    page = console.page
    page.wait_for("Pending", "main .crumbs")
    assert "has failed" in page.evaluate("document.querySelector('main .acts button:disabled').title")

    console.api(
        "POST", f"/jobs/{take(console)}/fail", {"worker_id": "w1", "error": "no disk", "no_retry": True}
    )
    page.wait_for("Failed", "main .crumbs")
    page.wait_for("no disk", "main .table")
    page.click("main .acts button", "Retry")
    page.wait_for("Running", "main .crumbs")
    page.click("main .acts button", "Cancel")
    page.click("dialog button", "Cancel the workflow")
    page.wait_for("Cancelled", "main .crumbs")
    assert console.api("GET", f"/workflows/{made['id']}")["status"] == "cancelled"

    console.open("#/workflows?status=failed", "Workflows")
    page.wait_for("No such workflow.", "main")
    console.open("#/workflows?status=cancelled", "Workflows")
    page.wait_for("Nightly build", "main tbody")


def test_lists_go_on_page_by_page(console: Console) -> None:
    """Older ones follow behind the last one shown, and there is a way back to the newest."""
    for number in range(51):
        console.api(
            "POST",
            "/workflows",
            {"name": f"flow {number}", "jobs": [{"key": "a", "queue": "steps", "payload": 1}]},
        )
    console.sign_in("#/workflows")
    page = console.page
    page.wait_for("flow 50", "main tbody")
    page.click("main .pager button", "Older")
    wait_until(lambda: page.evaluate("document.querySelectorAll('main tbody tr').length") == 1)
    page.wait_for("flow 0", "main tbody")
    page.click("main .pager button", "Newest")
    page.wait_for("flow 50", "main tbody")


def test_a_schedule_is_made_with_its_fires_in_sight(console: Console) -> None:
    """While one types, a bad cron is told in the words of the API, a good one by its fires on two clocks."""
    console.sign_in("#/schedules")
    page = console.page
    page.press("n")
    page.type("main [name=name]", HOSTILE)
    page.type("main [name=queue_name]", "reports")
    page.type("main [name=cron_expression]", "61 9 * * *")
    page.wait_for("61", "main .preview .problem")
    console.expect_refusal(400)
    page.type("main [name=cron_expression]", "30 9 * * *")
    page.type("main [name=timezone]", "Asia/Kathmandu")
    page.wait_for("+05:45", "main .preview")
    page.wait_for("In Asia/Kathmandu", "main .preview")
    page.type("main [name=payload_template]", "{no json")
    page.click("main form button", "Create")
    page.wait_for("The payload is no JSON", "main form .problem")
    assert page.unfit() == []
    page.type("main [name=payload_template]", '{"to": "<b>all</b>"}')
    page.click("main form button", "Create")
    page.wait_for(HOSTILE, "main h1")

    (made,) = console.api("GET", "/schedules")
    assert (made["cron_expression"], made["timezone"], made["payload"]) == (
        "30 9 * * *",
        "Asia/Kathmandu",
        {"to": "<b>all</b>"},
    )
    fires = page.evaluate("[...document.querySelectorAll('main tbody th time')].map(t => t.dateTime)")
    assert fires == [
        fire["local_time"] for fire in console.api("GET", f"/schedules/{made['id']}/preview?count=10")
    ]


def test_a_schedule_is_paused_run_changed_and_deleted(console: Console) -> None:
    """Each act is one click, deleting two; a run by hand stands in the history; what is not edited stays."""
    payload = {"n": 2**60 + 1}
    body = {"name": "nightly", "queue": "reports", "cron_expression": "0 3 * * *", "payload": payload}
    made = console.api("POST", "/schedules", body)
    path = f"/schedules/{made['id']}"
    console.sign_in("#/schedules")
    page = console.page
    page.click("main tbody button", "Pause nightly")
    page.wait_for("Paused", "main tbody")
    assert console.api("GET", path)["is_active"] is False
    page.click("main tbody a", "nightly")
    page.click("main .acts button", "Resume nightly")
    page.wait_for("Active", "main .crumbs")
    page.click("main .acts button", "Run now")
    page.wait_for("by hand", "main")
    job = console.api("GET", f"{path}/history")[0]["job_id"]
    page.wait_for(job, "main")
    assert page.unfit() == []

    page.click("main .acts button", "Edit")
    page.type("main [name=cron_expression]", "@hourly")
    page.click("main form button", "Save")
    page.wait_for("@hourly", "main .pairs")
    assert console.api("GET", path)["payload_template"] == payload
    page.click("main .acts button", "Delete")
    page.click("dialog button", "Delete the schedule")
    page.wait_for("No schedule yet.", "main")
    assert console.api("GET", "/schedules") == []


def test_a_worker_is_seen_with_its_jobs_and_forgotten(console: Console) -> None:
    """What it holds is listed and leads to the job; forgetting it asks first."""
    worker = f"w-{console.api('GET', '/auth/me')['organization_id']}"
    body = {"worker_id": worker, "queue_name": "emails", "hostname": HOSTILE, "version": "1.2.3"}
    console.api("POST", "/workers/register", body)
    console.sign_in("#/workers")
    page = console.page
    page.wait_for("1.2.3", "main tbody")
    page.wait_for(HOSTILE, "main tbody")
    page.wait_for("Live", "#live")
    console.api("POST", f"/workers/{worker}/heartbeat", {"current_jobs": 3, "status": "draining"})
    page.wait_for("3 of 5", "main tbody")
    page.wait_for("Draining", "main tbody")

    page.click("main tbody a", worker)
    page.wait_for("It holds no job.", "main")
    job = console.api("POST", "/jobs", {"queue": "emails", "payload": 1})["id"]
    console.api("POST", "/jobs/claim", {"queue_name": "emails", "worker_id": worker})
    page.wait_for(job, "main tbody")
    assert page.unfit() == []
    page.click("main .acts button", "Forget")
    page.click("dialog button", "Forget the worker")
    page.wait_for("No worker has registered.", "main")
    assert console.api("GET", "/workers") == []
