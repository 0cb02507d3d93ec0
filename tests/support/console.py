"""The console in a browser, for tests of its pages: signed in, clicked, looked at."""

from pathlib import Path
from typing import Any

import httpx

from tests.support.browser import Page
from tests.support.wait import wait_until

_TOO_WIDE = """[...document.querySelectorAll("main, main *, aside *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .filter((element) => !element.closest("pre, .table, svg, .unseen"))
  .map((element) => element.outerHTML.slice(0, 100))"""


class Console:
    """One tab on the console of a running service, and the API beside it, with the same key.

    Each test has an organization of its own, so that it sees nothing of another.
    """

    def __init__(self, page: Page, url: str, key: str) -> None:
        self.page = page
        self.url = url
        self.key = key
        self.expected = ""
        """What complaints of the page may be about, as long as it is open."""
        self._api = httpx.Client(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=20
        )

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that must be good."""
        answer = self._api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_in(self, place: str = "#/") -> None:
        """Open a place from nothing, with the key of the organization."""
        self.page.go(f"{self.url}/console{place}")
        self.page.type("input[name=key]", self.key)
        self.page.press("Enter")
        self.page.wait_for("Sign out", "aside")
        self.wait_until_shown()

    def open(self, place: str, title: str) -> None:
        """Go to a place of the console that is open, for example `#/queues`, and wait for its heading."""
        self.page.evaluate(f"location.hash = {place!r}")
        self.page.wait_for(title, "main h1")
        self.wait_until_shown()

    def wait_until_shown(self) -> None:
        """Wait until the page has what it asked for."""
        wait_until(lambda: self.page.evaluate("document.querySelector('#main')?.ariaBusy") == "false")

    def expect_refusal(self, status: int) -> None:
        """The browser itself writes down that a request was refused: that much was meant."""
        others = [line for line in self.page.complaints if str(status) not in line]
        self.page.complaints[:] = others

    def sticking_out(self) -> list[str]:
        """What a window of a phone's width cuts off."""
        self.page.look_like(width=390)
        found: list[str] = self.page.evaluate(_TOO_WIDE)
        self.page.look_like()
        return found

    def picture(self, folder: Path, name: str) -> None:
        """Pictures of what is open, in light and dark, wide and narrow."""
        for width in (1280, 390):
            for dark in (False, True):
                self.page.look_like(width=width, dark=dark)
                self.page.screenshot(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
        self.page.look_like()

    def close(self) -> None:
        """Nothing may have been complained of: no error, no warning, nothing refused by the policy."""
        self._api.close()
        self.page.evaluate("sessionStorage.clear()")
        self.page.go("about:blank")
        self.page.look_like()
        complaints, self.page.complaints = self.page.complaints, []
        complaints = [line for line in complaints if not self.expected or self.expected not in line]
        assert complaints == [], complaints
