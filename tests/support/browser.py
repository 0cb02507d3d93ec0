"""A real browser without a window, driven by the protocol of its own developer tools.

That is JSON over a WebSocket, for which a library is here already: a page is opened and asked, and nothing
more is needed. Selenium would add a package, and a driver that has to be of the browser's version.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.wait import wait_until

PATIENCE_SECONDS = 20.0
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


def chromium() -> str | None:
    """The program, None where there is none."""
    return shutil.which("chromium")


class Page:
    """An open page."""

    def __init__(self, connection: ClientConnection, session: str) -> None:
        self._connection = connection
        self._session = session
        self._numbers = count(1)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        _send(self._connection, number, method, parameters, self._session)
        return _answer(self._connection, number)


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


def _answer(connection: ClientConnection, number: int) -> dict[str, Any]:
    """The result of the call of that number; what the browser says in between is passed over."""
    while True:
        said = json.loads(connection.recv(PATIENCE_SECONDS))
        if said.get("id") == number:
            assert "error" not in said, said
            return dict(said["result"])
