"""What a delivery says: the body in the format of its target, the headers and the signature."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shared import ids
from shared.trace import trace_fields
from shared.version import VERSION

_LONGEST_TEXT = {"slack": 3000, "discord": 2000, "teams": 5000}
_NAMED = {
    "job_id": "Job",
    "workflow_id": "Workflow",
    "schedule_id": "Schedule",
    "worker_id": "Worker",
    "name": "Name",
    "queue_name": "Queue",
    "status": "Status",
    "error": "Error",
    "message": "Message",
}
"""What of an event a person reads in a chat."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened, for one target; `format` is None for the completion webhook of a job.

    trace: of the job that it happened to, as `shared.trace` keeps it.
    """

    delivery_id: int
    event: str
    data: bytes
    created_at: datetime
    format: str | None
    trace: str | None = None


def body_of(notice: Notice) -> bytes:
    """The body of the request: the same bytes for each attempt."""
    match notice.format:
        case None:
            return _completion(notice)
        case "slack":
            return orjson.dumps({"text": _text_of(notice, bold="*")})
        case "discord":
            # Without this an error message could call everybody.
            return orjson.dumps({"content": _text_of(notice, bold="**"), "allowed_mentions": {"parse": []}})
        case "teams":
            return orjson.dumps(_card(_text_of(notice, bold="**")))
        case _:
            return orjson.dumps(
                {
                    "id": ids.encode("evt", notice.delivery_id),
                    "event": notice.event,
                    "type": notice.event,
                    "created_at": notice.created_at,
                    "timestamp": notice.created_at,
                    "data": orjson.Fragment(notice.data),
                },
                option=orjson.OPT_UTC_Z,
            )


def headers_of(notice: Notice, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of one attempt, signed with each secret there is.

    The first signs where receivers have always looked, which is one signature and no list.
    """
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Spooled-Webhooks/{VERSION}",
        "X-Spooled-Event": notice.event,
        "X-Spooled-Timestamp": timestamp,
        "X-Spooled-Delivery-ID": ids.encode("dlv", notice.delivery_id),
        **trace_fields(notice.trace),
    }
    if secrets:
        signatures = [signature(secret, timestamp, body) for secret in secrets]
        headers["X-Spooled-Signature"] = signatures[0]
        headers["X-Spooled-Signatures"] = " ".join(signatures)
    return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the receiver computes too, to know that the body is ours and not an old one."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def _completion(notice: Notice) -> bytes:
    """The data itself with the event in front: `data` is an object, and stays as it was written."""
    rest = notice.data.lstrip().removeprefix(b"{").lstrip()
    return b'{"event":' + orjson.dumps(notice.event) + (b"" if rest.startswith(b"}") else b",") + rest


def _text_of(notice: Notice, *, bold: str) -> str:
    # Python's own reader: numbers of any size pass.
    data = json.loads(notice.data)
    facts = data if isinstance(data, dict) else {}
    lines = [f"{label}: {facts[name]}" for name, label in _NAMED.items() if facts.get(name) is not None]
    text = "\n".join([f"{bold}{notice.event}{bold}", *lines])
    if notice.format == "slack":
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    longest = _LONGEST_TEXT[str(notice.format)]
    return text if len(text) <= longest else f"{text[: longest - 1]}\u2026"


def _card(text: str) -> dict[str, Any]:
    block = {"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True}
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [block],
                },
            }
        ],
    }
