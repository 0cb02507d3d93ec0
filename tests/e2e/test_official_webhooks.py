"""Webhooks through the official Python client, against the running service and a receiver of its user's."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from time import monotonic
from typing import Any

import pytest
import spooled
from spooled.errors import NotFoundError, ValidationError

Request = tuple[dict[str, str], bytes]
SECRET = "s3cret"


@pytest.fixture
def receiver() -> Iterator[tuple[str, "Queue[Request]"]]:
    """A URL on this machine, and the requests that came to it."""
    requests: Queue[Request] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/in", requests
    server.shutdown()
    thread.join()
    server.server_close()


def signed(headers: dict[str, str], body: bytes, secret: str = SECRET) -> bool:
    text = f"{headers['x-spooled-timestamp']}.".encode() + body
    return (
        headers["x-spooled-signature"]
        == "sha256=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    )


def test_a_webhook_from_creation_to_delivery(
    client: spooled.SpooledClient, receiver: tuple[str, "Queue[Request]"]
) -> None:
    """Made, tried, told of a job within seconds, looked at, sent again, changed and deleted."""
    url, requests = receiver
    hook = client.webhooks.create({"name": "Alerts", "url": url, "events": ["job.created"], "secret": SECRET})

    tested = client.webhooks.test(hook.id)
    headers, body = requests.get(timeout=10)
    assert (tested.success, tested.status_code, headers["x-spooled-event"]) == (True, 204, "webhook.test")
    assert signed(headers, body)

    rotated = client._http.post(f"/outgoing-webhooks/{hook.id}/rotate-secret", {})
    assert client.webhooks.test(hook.id).success
    headers, body = requests.get(timeout=10)
    assert signed(headers, body)
    assert signed(
        headers | {"x-spooled-signature": headers["x-spooled-signatures"].split()[1]}, body, rotated["secret"]
    )

    job = client.jobs.create({"queue_name": "emails", "payload": {}})
    headers, body = requests.get(timeout=10)
    assert (json.loads(body)["event"], json.loads(body)["data"]["job_id"]) == ("job.created", job.id)
    assert signed(headers, body)

    deadline = monotonic() + 10
    (delivery,) = client.webhooks.get_deliveries(hook.id)
    while delivery.status == "pending" and monotonic() < deadline:
        (delivery,) = client.webhooks.get_deliveries(hook.id)
    assert delivery.status == "success"
    assert delivery.id == headers["x-spooled-delivery-id"]
    assert client.webhooks.retry_delivery(hook.id, delivery.id).success
    again, body_again = requests.get(timeout=10)
    assert (again["x-spooled-delivery-id"], body_again) == (delivery.id, body)

    changed = client.webhooks.update(hook.id, {"enabled": False, "secret": None})
    assert (changed.enabled, [one.id for one in client.webhooks.list()]) == (False, [hook.id])
    client.webhooks.delete(hook.id)
    with pytest.raises(NotFoundError):
        client.webhooks.get(hook.id)


def test_a_url_that_leads_inside_is_refused(client: spooled.SpooledClient) -> None:
    """The client sees a validation error with the words that its users look for."""
    with pytest.raises(ValidationError, match="Invalid webhook URL"):
        client.webhooks.create({"name": "x", "url": "https://169.254.169.254/", "events": ["job.created"]})
