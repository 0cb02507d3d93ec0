"""The console's pages of webhooks, their deliveries and the audit log, as a person clicks through them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from shared.webhooks.events import EVENTS
from tests.support.console import Console
from tests.support.run import ROOT
from tests.support.wait import wait_until

ANSWER = b"<b>thank you</b>"


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """The URL of somebody who takes every delivery."""

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/in"
        server.shutdown()


def test_a_webhook_is_made_tested_and_its_deliveries_read(console: Console, target: str) -> None:
    """A secret that is made is shown once; bodies come on request; a delivery is sent again."""
    console.sign_in("#/webhooks")
    page = console.page
    page.press("n")
    page.type("dialog [name=name]", "<i>Chat</i>")
    page.type("dialog [name=url]", "nonsense")
    page.click("dialog [value='job.created']")
    page.click("dialog [name=makes_secret]")
    page.click("dialog button", "Create")
    page.wait_for("Invalid webhook URL", "dialog .problem")
    console.expect_refusal(400)
    page.type("dialog [name=url]", target)
    page.click("dialog button", "Create")
    page.wait_for("whsec_", "dialog .secret")
    secret = page.text("dialog .secret")
    page.click("dialog button", "I have it")
    page.click("main tbody a", "<i>Chat</i>")
    page.click("main .acts button", "Test")
    page.wait_for("answered 200", "#notices")
    assert secret not in page.text()

    (webhook,) = console.api("GET", "/outgoing-webhooks")
    path = f"/outgoing-webhooks/{webhook['id']}"
    job = console.api("POST", "/jobs", {"queue": "emails", "payload": 1})["id"]
    wait_until(lambda: [each["status"] for each in console.api("GET", f"{path}/deliveries")] == ["success"])
    delivery = console.api("GET", f"{path}/deliveries")[0]["id"]
    console.open("#/webhooks", "Webhooks")
    console.open(f"#/webhooks/{webhook['id']}", "<i>Chat</i>")
    page.wait_for("Success", "main tbody")
    assert page.unfit() == []
    page.click("main tbody button", f"Bodies of job.created {delivery}")
    page.wait_for(job, "dialog")
    page.wait_for(ANSWER.decode(), "dialog")
    page.click("dialog button", "Close")
    page.click("main tbody button", f"Retry job.created {delivery}")
    page.wait_for("queued and will be sent now", "#notices")


def test_a_webhook_is_changed_disabled_enabled_and_deleted(console: Console, target: str) -> None:
    """Each act is what the API then has; one that is off retries nothing, and says so."""
    body = {"name": "Pager", "url": target, "events": ["job.failed"], "secret": "first"}
    made = console.api("POST", "/outgoing-webhooks", body)
    path = f"/outgoing-webhooks/{made['id']}"
    console.sign_in(f"#/webhooks/{made['id']}")
    page = console.page
    page.click("main .acts button", "Edit")
    page.type("dialog [name=name]", "Night pager")
    page.click("dialog [value='workflow.failed']")
    page.click("dialog button", "Save")
    page.wait_for("Night pager", "main h1")
    assert console.api("GET", path)["events"] == ["job.failed", "workflow.failed"]
    page.click("main .acts button", "Disable Night pager")
    page.wait_for("Disabled", "main .crumbs")
    assert console.api("GET", path)["enabled"] is False
    page.click("main .acts button", "Enable Night pager")
    page.wait_for("Enabled", "main .crumbs")
    page.click("main .acts button", "Rotate secret")
    page.click("dialog button", "Rotate")
    page.wait_for("whsec_", "dialog .secret")
    page.click("dialog button", "I have it")
    page.wait_for("signs too, and ends", "main dl")
    assert console.api("GET", path)["overlap_ends_at"] is not None
    page.click("main .acts button", "Delete")
    page.click("dialog button", "Delete the webhook")
    page.wait_for("No webhook yet.", "main")
    assert console.api("GET", "/outgoing-webhooks") == []


def test_the_audit_log_says_who_did_what(console: Console) -> None:
    """An act is there with its outcome and details; it is filtered by a click and by a field."""
    console.api("POST", "/queues", {"name": "emails"})
    console.api("POST", "/queues/emails/pause", {"reason": "<b>deploy</b>"})
    console.sign_in("#/audit")
    page = console.page
    page.wait_for("queues.pause", "main tbody")
    page.click("main tbody summary", "Show")
    page.wait_for("<b>deploy</b>", "main tbody")
    assert page.unfit() == []
    page.click("main tbody a", "queues.create")
    wait_until(lambda: page.evaluate("document.querySelectorAll('main tbody tr').length") == 1)
    assert "Done" in page.text("main tbody")
    page.type("main [name=act]", "queues.delete")
    page.press("Enter")
    page.wait_for("Nobody did such a thing.", "main")
    page.click("main form a", "Show all")
    page.wait_for("queues.pause", "main tbody")


def test_who_may_only_look_is_told_what_is_missing(console: Console, target: str) -> None:
    """With a key that reads, acts are marked as not to be done, and say which permission they need."""
    made = console.api(
        "POST", "/outgoing-webhooks", {"name": "Pager", "url": target, "events": ["job.failed"]}
    )
    org = console.api("GET", "/auth/me")["organization_id"]
    body = {"name": "Reader", "permissions": ["organization:read", "webhooks:read", "schedules:read"]}
    console.key = console.api("POST", f"/organizations/{org}/api-keys", body)["key"]
    console.sign_in(f"#/webhooks/{made['id']}")
    page = console.page
    page.wait_for("Enabled", "main .crumbs")
    acts = "[...document.querySelectorAll('main .acts button')].map(b => [b.innerText, b.disabled, b.title])"
    reason = "this sign-in lacks the permission webhooks:write"
    wanted = [[name, True, reason] for name in ("Test", "Disable", "Edit", "Rotate secret", "Delete")]
    wait_until(lambda: page.evaluate(acts) == wanted, lambda: str(page.evaluate(acts)))
    assert console.api("GET", f"/outgoing-webhooks/{made['id']}")["enabled"] is True


def test_a_form_offers_the_events_that_there_are() -> None:
    """The list in the console is that of the service."""
    text = (Path(ROOT) / "shared/console/assets/webhook_acts.js").read_text(encoding="utf-8")

    assert (
        tuple(text.partition("EVENTS = [")[2].partition("]")[0].replace('"', "").replace(",", " ").split())
        == EVENTS
    )
