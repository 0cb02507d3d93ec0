"""A real browser without a window, driven by the protocol of its own developer tools.

That is JSON over a WebSocket, for which a library is here already: a page is opened and asked, and nothing
more is needed. Selenium would add a package, and a driver that has to be of the browser's version.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.wait import wait_until

PATIENCE_SECONDS = 60.0
_FIND = """(() => {
  for (const element of document.querySelectorAll(%s)) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.disabled) continue;
    const text = %s;
    if (text && element.innerText.trim() !== text && element.getAttribute("aria-label") !== text) continue;
    element.scrollIntoView({ block: "center", behavior: "instant" });
    const [box] = element.getClientRects();  // of a link that is broken into lines the first one
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }
})()"""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_RUN_AXE = """axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .flatMap(({ id, nodes }) => nodes.map(({ html }) => ({ id, html: html.slice(0, 200) }))))"""


def chromium() -> str | None:
    """The program, None where there is none."""
    return shutil.which("chromium")


class Page:
    """An open page. Elements are named by CSS selectors; what is not there yet is waited for."""

    def __init__(self, connection: ClientConnection, session: str) -> None:
        self._connection = connection
        self._session = session
        self._numbers = count(1)
        self.complaints: list[str] = []
        """Errors and warnings of the page, since `listen`: exceptions, the console, refused by the policy."""

    def listen(self) -> None:
        """Hear from now on what the page complains of."""
        for domain in ("Runtime", "Log", "Page"):
            self._ask(f"{domain}.enable")

    def without_cache(self) -> None:
        """Ask for each file anew from now on, as a browser does that was never here."""
        self._ask("Network.enable")
        self._ask("Network.setCacheDisabled", cacheDisabled=True)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise what it comes to."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def go(self, url: str) -> None:
        """Open an address in this page, from nothing."""
        self._ask("Page.navigate", url=url)

    def reload(self) -> None:
        """Load this page anew; what is asked of it next is asked of the new one."""
        self.evaluate("window.isOld = true; location.reload()")
        wait_until(lambda: self.evaluate("!window.isOld && !!document.body"))

    def text(self, selector: str = "body") -> str:
        """What a person reads there; empty where there is no such element."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def wait_for(self, text: str, selector: str = "body") -> None:
        """Wait until the text is read there."""
        wait_until(lambda: text in self.text(selector), lambda: f"{text!r} is not in {self.text(selector)!r}")

    def click(self, selector: str, text: str = "") -> None:
        """Click in the middle of the first visible element, of those with this text if one is named."""
        where: dict[str, float] = {}

        def is_there() -> bool:
            found = self.evaluate(_FIND % (json.dumps(selector), json.dumps(text)))
            where.update(found or {})
            return bool(found)

        wait_until(is_there, lambda: f"nothing to click: {selector} {text!r} in {self.text()!r}")
        for type_ in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=type_, button="left", clickCount=1, **where)

    def type(self, selector: str, text: str) -> None:
        """Write into a field, in place of what is in it."""
        chosen = json.dumps(selector)
        wait_until(lambda: self.evaluate(f"!!document.querySelector({chosen})"))
        self.evaluate(
            f"{{ const field = document.querySelector({chosen}); field.focus(); field.select?.(); }}"
        )
        self._ask("Input.insertText", text=text)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or names such as Enter, Escape and Tab."""
        for key in keys:
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            code = {"Enter": 13, "Escape": 27, "Tab": 9}.get(key, 0)
            self._ask(
                "Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code
            )
            self._ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def look_like(self, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and what the system prefers."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def unfit(self) -> list[str]:
        """What axe-core calls a serious fault for people who read by ear, by keys or in low contrast."""
        source = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        self._ask("Runtime.evaluate", expression=source)
        # It takes what is folded for something to be seen, and its label for something that is not.
        self.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        found = self.evaluate(_RUN_AXE)
        return [f"{fault['id']}: {fault['html']}" for fault in found]

    def screenshot(self, path: Path) -> None:
        """A picture of the whole page, as PNG."""
        said = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(said["data"]))

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        _send(self._connection, number, method, parameters, self._session)
        return _answer(self._connection, number, self._hear)

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("sessionId") == self._session:
            self.complaints += _complaints(said.get("method"), said.get("params", {}))


@contextmanager
def opened_page(folder: Path, url: str) -> Iterator[Page]:
    """The page in a browser with a profile of its own in the folder, until the block ends."""
    profile = folder / "profile"
    profile.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (
        (folder / "browser.log").open("wb") as log,
        subprocess.Popen(
            [str(chromium()), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            with connect(_debugger(profile, process), max_size=None, proxy=None) as connection:
                _send(connection, -1, "Target.createTarget", {"url": url})
                target = _answer(connection, -1)["targetId"]
                _send(connection, -2, "Target.attachToTarget", {"targetId": target, "flatten": True})
                yield Page(connection, _answer(connection, -2)["sessionId"])
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    """Where the files of a folder are served to browsers."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def _debugger(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The address that the browser writes down when it listens: its port, and a path in the next line."""
    told = profile / "DevToolsActivePort"

    def has_told() -> bool:
        assert process.poll() is None, "the browser has ended"
        return told.exists() and len(told.read_text().splitlines()) > 1

    wait_until(has_told)
    port, path = told.read_text().splitlines()
    return f"ws://127.0.0.1:{port}{path}"


def _send(
    connection: ClientConnection, number: int, method: str, parameters: dict[str, Any], session: str = ""
) -> None:
    message = {"id": number, "method": method, "params": parameters}
    connection.send(json.dumps(message | ({"sessionId": session} if session else {})))


def _complaints(method: str | None, event: dict[str, Any]) -> list[str]:
    if method == "Runtime.exceptionThrown":
        details = event["exceptionDetails"]
        return [str(details.get("exception", {}).get("description", details["text"]))]
    if method == "Runtime.consoleAPICalled" and event["type"] in {"error", "warning", "assert"}:
        return [" ".join(str(part.get("value", part.get("description"))) for part in event["args"])]
    if method == "Log.entryAdded" and event["entry"]["level"] in {"error", "warning"}:
        entry = event["entry"]
        return [f"{entry['text']} {entry.get('url', '')}"]
    return []


def _pass_over(_: dict[str, Any]) -> None: ...


def _answer(
    connection: ClientConnection, number: int, hear: Callable[[dict[str, Any]], None] = _pass_over
) -> dict[str, Any]:
    """The result of the call of that number; `hear` is told what the browser says in between."""
    while True:
        said = json.loads(connection.recv(PATIENCE_SECONDS))
        if said.get("id") == number:
            assert "error" not in said, said
            return dict(said["result"])
        hear(said)
