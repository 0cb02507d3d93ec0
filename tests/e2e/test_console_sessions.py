"""How long a sign-in lasts in the console, and the other way in: by e-mail."""

import re
import uuid

import httpx

from tests.support.console import Console
from tests.support.run import Run
from tests.support.wait import wait_until

TOKEN = "JSON.parse(sessionStorage['spooled.session']).access"


def test_a_token_is_renewed_before_it_ends(console: Console) -> None:
    """Within the last minute of a token the next request takes a new one, without a person's doing."""
    console.sign_in("#/usage")
    page = console.page
    before = page.evaluate(TOKEN)
    page.evaluate("""{ const kept = JSON.parse(sessionStorage["spooled.session"]);
        sessionStorage["spooled.session"] = JSON.stringify({ ...kept, ends: Date.now() + 50_000 }); }""")
    page.reload()
    wait_until(lambda: page.evaluate(TOKEN) != before)

    page.wait_for("Plan", "main h2")


def test_a_token_that_was_ended_asks_again_and_leads_back(console: Console) -> None:
    """Who is refused in the middle signs in again and is where they were."""
    console.sign_in("#/queues?q=mail")
    page = console.page
    token = page.evaluate(TOKEN)
    asked = {"Authorization": f"Bearer {token}"}
    assert httpx.post(f"{console.url}/api/v1/auth/logout", headers=asked).status_code == 204
    page.press("g", "u")
    page.wait_for("Sign in", "main form")
    page.type("input[name=key]", console.key)
    page.press("Enter")
    page.wait_for("Usage", "main h1")
    # The browser itself writes down what was refused.
    wait_until(lambda: page.text() != "" and len(page.complaints) > 0)
    assert [line for line in page.complaints if "401" not in line] == []
    page.complaints.clear()


def test_a_person_signs_up_by_a_code(console: Console, service: Run) -> None:
    """Who proves a new address makes an organization and is in it; its first key is shown once, and works."""
    email = f"ada-{uuid.uuid4().hex[:12]}@example.com"
    page = console.page
    page.go(f"{console.url}/console#/usage")
    page.click("main button", "E-mail")
    page.type("input[name=email]", email)
    page.press("Enter")
    page.wait_for(f"If {email} is known here", "main")
    wait_until(lambda: _codes(email, service) != [])
    page.type("input[name=code]", _codes(email, service)[-1])
    page.press("Enter")
    page.wait_for("belongs to no organization yet", "main")
    page.type("input[name=name]", "Ada & Sons <b>")
    page.press("Enter")
    page.wait_for("Ada & Sons <b> is there", "dialog")
    key = page.text("dialog [data-secret]")
    page.click("dialog button", "I have it")

    page.wait_for("Usage", "main h1")
    page.wait_for("Ada & Sons <b>", "aside .org")
    page.wait_for(email, "aside")
    asked = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{console.url}/api/v1/auth/me", headers=asked).status_code == 200


def _codes(email: str, service: Run) -> list[str]:
    """The codes of the mails that a machine without a mail server writes to its log."""
    return re.findall(rf"Mail to {email}.*?Your code is (\w{{6}})", service.said, re.DOTALL)
