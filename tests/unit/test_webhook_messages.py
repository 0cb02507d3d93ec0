"""What a delivery says, in each format."""

import json
from datetime import UTC, datetime

import pytest

from shared.webhooks.message import Notice, body_of, headers_of, signature

NOW = datetime(2027, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
DATA = {
    "job_id": "job_1",
    "queue_name": "emails",
    "status": "deadletter",
    "error": "<!everyone> & @everyone",
    "result": None,
}


def notice(format_: str | None, data: object = DATA, event: str = "job.deadlettered") -> Notice:
    return Notice(1, event, json.dumps(data).encode(), NOW, format_)


def test_json_is_the_envelope_of_the_contract() -> None:
    """Both names of the event and of the time, and the data as it was written."""
    assert json.loads(body_of(notice("json"))) == {
        "id": "evt_0000000000001",
        "event": "job.deadlettered",
        "type": "job.deadlettered",
        "created_at": "2027-01-02T03:04:05.600000Z",
        "timestamp": "2027-01-02T03:04:05.600000Z",
        "data": DATA,
    }


def test_chats_cannot_be_made_to_call_everybody() -> None:
    """The error of a job is text, not markup, in Slack and Discord."""
    slack = json.loads(body_of(notice("slack")))
    discord = json.loads(body_of(notice("discord")))

    assert "Error: &lt;!everyone&gt; &amp; @everyone" in slack["text"]
    assert slack["text"].startswith("*job.deadlettered*\nJob: job_1\nQueue: emails")
    assert "@everyone" in discord["content"]
    assert discord["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(("format_", "field"), [("slack", "text"), ("discord", "content")])
def test_a_long_text_is_cut_to_what_the_service_takes(format_: str, field: str) -> None:
    """Discord refuses more than 2,000 characters."""
    text = json.loads(body_of(notice(format_, DATA | {"error": "x" * 10_000})))[field]

    assert len(text) == {"slack": 3000, "discord": 2000}[format_]
    assert text.endswith("\u2026")


def test_teams_gets_an_adaptive_card() -> None:
    """The shape that a Teams workflow posts to a channel."""
    (attachment,) = json.loads(body_of(notice("teams")))["attachments"]

    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert "job.deadlettered" in attachment["content"]["body"][0]["text"]


@pytest.mark.parametrize("data", [{}, {"job_id": "job_1"}])
def test_a_completion_is_the_data_with_the_event(data: dict[str, str]) -> None:
    """Side by side at the top level, also where there is no data."""
    body = body_of(notice(None, data, "job.completed"))

    assert json.loads(body) == {"event": "job.completed"} | data


def test_the_signature_is_of_the_timestamp_and_the_body() -> None:
    """The example of docs/webhooks.md."""
    headers = headers_of(notice("json"), b'{"a":1}', ["s3cret"], NOW)

    assert headers["X-Spooled-Timestamp"] == "1798859045"
    assert headers["X-Spooled-Signature"] == signature("s3cret", "1798859045", b'{"a":1}')
    assert "X-Spooled-Signature" not in headers_of(notice("json"), b"{}", [], NOW)
    assert signature("s3cret", "1798859045", b'{"a":1}') == (
        "sha256=64bf609a642f5fd3beb07bdeaceb2dc9e4cda83961da18db25376b4742be1898"
    )
