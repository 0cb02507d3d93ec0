"""The console's overview, keys and usage, and what holds of every page: narrow screens, labels, refusals."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.console import Console
from tests.support.run import ROOT
from tests.support.wait import wait_until

PAGES = re.findall(
    r'path: "(/[\w/-]+)", nav: "([^"]+)"',
    (ROOT / "shared/console/assets/pages.js").read_text(encoding="utf-8"),
)


def test_the_overview_shows_what_is_wrong_and_follows_it(console: Console) -> None:
    """Jobs without a worker are pointed out; when one takes them, the figures change without a reload."""
    console.api("POST", "/jobs", {"queue": "emails", "payload": {}})
    console.sign_in("#/overview")
    page = console.page
    page.wait_for("1 job waits, and no worker is heard of.", "main .banner")
    page.wait_for("Live", "#live")

    job = console.api("POST", "/jobs/dequeue", {"queue": "emails", "worker_id": "worker-1"})
    console.api("POST", f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})
    page.wait_for("Dead letters\n1", "main .figures")
    page.wait_for("Failed in 1 h\n1", "main .figures + .figures")
    wait_until(lambda: "no worker" not in page.text("main"))


def test_a_key_is_made_shown_once_and_revoked(console: Console) -> None:
    """What is ticked is what the key may do; the secret is in no list, and ends with the key."""
    console.sign_in("#/keys")
    page = console.page
    page.press("n")
    page.type("dialog [name=name]", "Mailer <script>")
    page.type("dialog [name=queues]", "emails, reports")
    page.click("dialog label", "jobs:read")
    page.click("dialog button", "Create")
    page.wait_for("Mailer <script> is there", "dialog")
    secret = page.text("dialog [data-secret]")
    page.click("dialog button", "I have it")
    wait_until(lambda: page.evaluate("document.querySelector('dialog') === null"))
    page.wait_for("Mailer <script>", "main tbody")
    assert secret not in page.evaluate("document.documentElement.outerHTML")

    made = next(key for key in console.api("GET", "/api-keys") if key["name"] == "Mailer <script>")
    assert sorted(made["permissions"]) == ["jobs:write", "queues:read", "workers:write"]
    assert made["queues"] == ["emails", "reports"]
    asked = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{console.url}/api/v1/queues", headers=asked).status_code == 200

    page.click("main button", "Revoke Mailer <script>")
    page.click("dialog button", "Revoke")
    page.wait_for("is revoked", "#notices")
    assert httpx.get(f"{console.url}/api/v1/queues", headers=asked).status_code == 401


def test_a_key_that_was_switched_off_is_not_shown_as_revoked(console: Console) -> None:
    """It is in the list, as it may be switched on again, and can be revoked from there."""
    made = console.api("POST", "/api-keys", {"name": "Resting", "permissions": ["queues:read"]})
    console.api("PUT", f"/api-keys/{made['id']}", {"is_active": False})
    console.sign_in("#/keys")
    page = console.page
    page.wait_for("Switched off", "main tbody")
    page.click("main button", "Revoke Resting")
    page.click("dialog button", "Revoke")
    page.wait_for("is revoked", "#notices")

    wait_until(lambda: "Resting" not in page.text("main"))
    (key,) = [key for key in console.api("GET", "/api-keys") if key["id"] == made["id"]]
    assert key["revoked_at"] is not None


def test_a_key_is_rotated_and_both_are_good_for_a_while(console: Console) -> None:
    """The new secret is shown once and may do the same; the one before ends when the form says."""
    made = console.api("POST", "/api-keys", {"name": "Mailer", "permissions": ["queues:read"]})
    console.sign_in("#/keys")
    page = console.page
    page.click("main button", f"Rotate Mailer {made['key_prefix']}")
    page.type("dialog [name=overlap_hours]", "0.5")
    page.click("dialog button", "Rotate")
    page.wait_for("Mailer has a new key", "dialog")
    secret = page.text("dialog [data-secret]")
    page.click("dialog button", "I have it")
    wait_until(lambda: page.evaluate("document.querySelector('dialog') === null"))
    assert secret not in page.evaluate("document.documentElement.outerHTML")

    keys = {key["id"]: key for key in console.api("GET", "/api-keys")}
    before = keys[made["id"]]
    successor = keys[before["rotated_to"]]
    assert (successor["name"], successor["permissions"]) == ("Mailer", ["queues:read"])
    left = datetime.fromisoformat(before["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=25) < left <= timedelta(minutes=30)
    for key in (made["key"], secret):
        asked = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{console.url}/api/v1/queues", headers=asked).status_code == 200
    acts = "[...document.querySelectorAll('main tbody button')].map(b => [b.ariaLabel, b.disabled])"
    shown = dict(page.evaluate(acts))
    taken = f"Rotate Mailer {made['key_prefix']}: another key takes its place already"
    assert shown[taken] is True
    assert shown[f"Rotate Mailer {successor['key_prefix']}"] is False
    assert page.unfit() == []


def test_every_page_fits_a_phone_and_all_people(console: Console, tmp_path: Path) -> None:
    """At 390 px nothing sticks out, dark is dark, and axe-core finds no serious fault."""
    console.api("POST", "/jobs", {"queue": "a-queue-with-" + "a-very-long-name-" * 4, "payload": {}})
    console.sign_in()
    page = console.page
    for place, title in PAGES:
        console.open(f"#{place}", title)
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert page.evaluate("document.title") == f"{title} · Spooled"
        assert (place, console.sticking_out()) == (place, [])
        page.look_like(width=390, dark=True)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 16, 20)"
        page.screenshot(tmp_path / f"{title}.png")
        assert (tmp_path / f"{title}.png").stat().st_size > 5_000
        # Colours are the same on all pages: each is looked at in light or in dark.
        page.look_like(dark=len(place) % 2 == 0)
        assert (place, page.unfit()) == (place, [])


@pytest.mark.parametrize("place", ["#/overview", "#/queues", "#/usage"])
def test_a_narrow_key_is_told_what_it_lacks(console: Console, place: str) -> None:
    """A page that the key may not read says which right is missing, and the rest goes on."""
    rights = {"permissions": ["jobs:read"]}
    console.key = console.api("POST", "/api-keys", {"name": "Narrow", **rights})["key"]
    console.sign_in(place)
    page = console.page
    page.wait_for("lacks the permission", "main .banner")
    # The browser itself writes down what was refused.
    wait_until(lambda: page.text() != "" and len(page.complaints) > 0)
    console.expected = "403"


def test_the_theme_is_chosen_and_kept(console: Console) -> None:
    """Who chooses light has it light, also after a reload, whatever the system prefers."""
    console.sign_in("#/usage")
    page = console.page
    page.look_like(dark=True)
    page.evaluate("""{ const theme = document.querySelector("#theme"); theme.value = "light";
        theme.dispatchEvent(new Event("change")); }""")
    page.reload()
    page.wait_for("Plan", "main h2")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(247, 247, 249)"
    page.evaluate("localStorage.clear()")
