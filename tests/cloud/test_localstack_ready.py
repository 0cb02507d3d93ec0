"""LocalStack says, once it is up, whether the Pulumi program will find what it needs."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.composed import ROOT, composed

(SCRIPT,) = (ROOT / "localstack" / "init" / "ready.d").iterdir()
WANTED = composed()["services"]["localstack"]["environment"]["SERVICES"]


@contextmanager
def localstack(services: Mapping[str, str]) -> Iterator[str]:
    """Something that answers for its health as LocalStack does."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/_localstack/health"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"services": services, "edition": "community"}).encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("states", "code", "says"),
    [
        ({}, 0, "LocalStack has all that"),
        ({"apigatewayv2": "disabled"}, 1, "LocalStack has no apigatewayv2: set LOCALSTACK_IMAGE="),
        ({"scheduler": None}, 1, "LocalStack has no scheduler: "),
    ],
    ids=["all", "not in this edition", "not known"],
)
def test_what_is_missing_is_said(states: dict[str, str | None], code: int, says: str) -> None:
    """A service that this LocalStack does not have is named, with what to do, before a deployment fails."""
    services = dict.fromkeys(WANTED.split(","), "available") | states
    with localstack({name: state for name, state in services.items() if state}) as url:
        ended = subprocess.run(
            [sys.executable, SCRIPT],
            env={"SERVICES": WANTED, "AWS_ENDPOINT_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (ended.returncode, (ended.stdout + ended.stderr).startswith(says)) == (code, True)
