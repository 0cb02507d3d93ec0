"""Signing in to the console, and its pages of queues, as a person clicks through them."""

from tests.support.console import Console
from tests.support.wait import wait_until


def test_signing_in_and_out_keeps_the_place(console: Console) -> None:
    """A wrong key is refused, a right one opens the place of the address; signing out ends the token."""
    page = console.page
    page.go(f"{console.url}/console#/queues?q=mail")
    page.type("input[name=key]", "sk_live_wrong_key_of_nobody")
    page.press("Enter")
    wait_until(lambda: page.text(".problem") != "")
    # The browser itself writes down that the sign-in was refused.
    wait_until(lambda: page.text() != "" and len(page.complaints) > 0)
    assert [line for line in page.complaints if "401" not in line] == []
    page.complaints.clear()

    page.type("input[name=key]", console.key)
    page.press("Enter")
    page.wait_for("Queues", "main h1")
    assert page.evaluate("location.hash") == "#/queues?q=mail"
    token = page.evaluate("JSON.parse(sessionStorage['spooled.session']).access")

    page.click("aside button", "Sign out")
    page.wait_for("API key", "main")
    assert page.evaluate("sessionStorage.length") == 0
    wait_until(lambda: console.api("POST", "/auth/validate", {"token": token})["valid"] is False)


def test_a_queue_is_paused_with_a_reason_and_resumed(console: Console) -> None:
    """Pausing asks for a reason, which the API then has; jobs that come in show without a reload."""
    console.api("POST", "/queues", {"name": "emails"})
    console.sign_in("#/queues")
    page = console.page
    page.click("main button", "Pause emails")
    page.type("dialog [name=reason]", "<b>mail server</b> is down")
    page.press("Enter")
    page.wait_for("Paused", "main tbody")
    assert console.api("GET", "/queues/emails")["pause_reason"] == "<b>mail server</b> is down"

    page.click("main tbody a", "emails")
    page.wait_for("<b>mail server</b> is down", "main .banner")
    page.wait_for("Live", "#live")
    console.api("POST", "/jobs", {"queue": "emails", "payload": {}})
    page.wait_for("Waiting\n1", "main .figures")

    page.click("main button", "Resume emails")
    page.wait_for("Open", "main .crumbs")
    assert console.api("GET", "/queues/emails")["paused"] is False


def test_limits_are_changed_and_lifted_while_the_queue_runs(console: Console) -> None:
    """What is typed survives what happens meanwhile; a number sets a limit, an empty field lifts it."""
    console.api("POST", "/queues", {"name": "images", "rate_limit": 7})
    console.sign_in("#/queues/images")
    page = console.page
    page.type("main [name=concurrency]", "5")
    page.type("main [name=rate_limit]", "")
    page.wait_for("Live", "#live")
    console.api("POST", "/jobs", {"queue": "images", "payload": {}})
    page.wait_for("Waiting\n1", "main .figures")
    page.click("main button", "Save")
    page.wait_for("has new settings", "#notices")

    queue = console.api("GET", "/queues/images")
    assert (queue["concurrency"], queue["rate_limit"], queue["max_retries"]) == (5, None, 3)


def test_a_queue_is_made_and_deleted_by_keys(console: Console) -> None:
    """`g q` goes to the queues, `n` makes one, Escape changes nothing, and deleting wants the name typed."""
    console.sign_in("#/queues")
    page = console.page
    page.press("n")
    page.type("dialog [name=name]", "never")
    page.press("Escape")
    wait_until(lambda: page.evaluate("document.querySelector('dialog') === null"))
    page.press("g", "q", "n")
    page.type("dialog [name=name]", "reports")
    page.press("Enter")
    page.wait_for("reports", "main h1")
    assert [queue["name"] for queue in console.api("GET", "/queues")] == ["reports"]

    page.click("main button", "Delete")
    page.type("dialog [name=confirmed]", "report")
    page.press("Enter")
    page.wait_for("That is not reports.", "dialog")
    page.type("dialog [name=confirmed]", "reports")
    page.press("Enter")
    page.wait_for("No queue yet.", "main")
    assert console.api("GET", "/queues") == []
