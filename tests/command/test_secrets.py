"""`spooled keys` and `spooled webhooks`: who may come in and what is signed with, shown once and replaced."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.command.exits import Exit
from tests.support.command import CommandLine, Ended

HOOK = {"name": "Pager", "url": "http://127.0.0.1:9/in", "events": ["job.failed"], "secret": "first"}


@pytest.fixture
def api(spooled: CommandLine) -> Iterator[httpx.Client]:
    """The organization's own requests."""
    headers = {"Authorization": f"Bearer {spooled.key}"}
    with httpx.Client(base_url=f"{spooled.url}/api/v1", headers=headers) as client:
        yield client


def rows(ended: Ended) -> list[dict[str, str]]:
    """The rows of a table that went into a pipe, by column."""
    head, *found = [line.split("\t") for line in ended.out.splitlines()]
    return [dict(zip(head, row, strict=True)) for row in found]


def use(spooled: CommandLine, key: str) -> Exit:
    """How a command ends that this key sends."""
    return Exit(CommandLine(spooled.url, key)("queues").code)


def left(text: str) -> timedelta:
    return datetime.fromisoformat(text) - datetime.now(UTC)


def created(spooled: CommandLine, *options: str) -> dict[str, Any]:
    made: dict[str, Any] = spooled("keys", "create", "Mailer", *options, "--json").json
    return made


def test_a_key_is_made_and_shown_once(spooled: CommandLine) -> None:
    """The secret alone is standard output, so that a variable takes it; it may do what was named, no more."""
    made = spooled(
        "keys", "create", "Mailer", "--permission", "queues:read", "--permission", "jobs:read",
        "--queue", "mails", "--rate", "600", "--expires", "+90d",
    )  # fmt: skip
    secret = made.out.removesuffix("\n")
    listed = spooled("keys", "--json")
    (key,) = [one for one in listed.json if one["name"] == "Mailer"]

    assert use(spooled, secret) == Exit.DONE
    assert (key["permissions"], key["queues"], key["rate_limit"]) == (
        ["queues:read", "jobs:read"],
        ["mails"],
        600,
    )
    assert timedelta(days=89) < left(key["expires_at"]) < timedelta(days=90)
    assert key["id"] in made.err
    assert secret not in made.err + listed.out
    assert CommandLine(spooled.url, secret)("push", "mails").code == Exit.FORBIDDEN
    assert created(spooled)["key"].startswith("sk_live_")


def test_what_nobody_may_grant_is_refused(spooled: CommandLine) -> None:
    """A permission that there is not, and more than the key itself may, leave nothing on standard output."""
    unknown = spooled("keys", "create", "Mailer", "--permission", "jobs:everything")
    narrow = CommandLine(spooled.url, created(spooled, "--permission", "api-keys:write")["key"])
    more = narrow("keys", "create", "Admin")

    assert (unknown.code, unknown.out) == (Exit.FAILED, "")
    assert (more.code, more.out) == (Exit.FAILED, "")


def test_a_key_is_rotated(spooled: CommandLine) -> None:
    """Both are good until the overlap ends, a day by default; a third is a conflict; 0 ends both at once."""
    first, second = created(spooled), created(spooled)
    rotated = spooled("keys", "rotate", first["id"])
    again = spooled("keys", "rotate", first["id"], "--overlap", "2h")
    known = {key["id"]: key for key in spooled("keys", "--json").json}
    secret = rotated.out.removesuffix("\n")
    at_once = spooled("keys", "rotate", second["id"], "--overlap", "0", "--json").json
    (row,) = [row for row in rows(spooled("keys")) if row["ID"] == first["id"]]

    assert [use(spooled, key) for key in (first["key"], secret)] == [Exit.DONE] * 2
    assert timedelta(hours=23) < left(known[first["id"]]["expires_at"]) <= timedelta(days=1)
    assert known[first["id"]]["rotated_to"] in rotated.err
    assert secret not in rotated.err
    assert (again.code, again.out) == (Exit.CONFLICT, "")
    assert row["SUCCESSOR"] == known[first["id"]]["rotated_to"]
    assert row["ENDS"].startswith("in ")
    assert [use(spooled, key) for key in (second["key"], at_once["key"])] == [Exit.FORBIDDEN, Exit.DONE]
    assert spooled("keys", "rotate", "key_0").code == Exit.NOT_FOUND


def test_an_overlap_of_a_moment_is_none_of_nothing(spooled: CommandLine) -> None:
    """Less than a second is a second and does not end the key at once."""
    made = created(spooled)
    rotated = spooled("keys", "rotate", made["id"], "--overlap", "100ms", "--json").json

    assert spooled("audit", "--act", "api_keys.rotate", "--json").json[0]["details"] == {"overlap_seconds": 1}
    assert use(spooled, rotated["key"]) == Exit.DONE


def test_a_key_is_revoked(spooled: CommandLine) -> None:
    """Where nobody can be asked it takes --yes; it ends at once, and only --all lists it."""
    made, other = created(spooled), created(spooled)
    unasked = spooled("keys", "revoke", made["id"])
    before = use(spooled, made["key"])
    revoked = spooled("keys", "revoke", made["id"], other["id"], "--yes")
    unknown = spooled("keys", "revoke", "key_0", "--yes")

    assert (unasked.code, before) == (Exit.USAGE, Exit.DONE)
    assert (revoked.code, revoked.out) == (Exit.DONE, f"{made['id']} revoked\n{other['id']} revoked\n")
    assert [use(spooled, key["key"]) for key in (made, other)] == [Exit.FORBIDDEN] * 2
    assert made["id"] not in [row["ID"] for row in rows(spooled("keys"))]
    assert {row["ID"]: row["ENDS"] for row in rows(spooled("keys", "--all"))}[made["id"]] == "revoked"
    assert unknown.code == Exit.NOT_FOUND


def test_a_key_that_was_switched_off_is_not_called_revoked(spooled: CommandLine, api: httpx.Client) -> None:
    """It may be switched on again, so the list has it, and says what it is; a revoked one is so for good."""
    off, gone = created(spooled), created(spooled)
    api.put(f"/api-keys/{off['id']}", json={"is_active": False}).raise_for_status()
    spooled("keys", "revoke", gone["id"], "--yes")
    listed = {row["ID"]: row["ENDS"] for row in rows(spooled("keys"))}
    everything = {row["ID"]: row["ENDS"] for row in rows(spooled("keys", "--all"))}

    assert listed[off["id"]] == everything[off["id"]] == "switched off"
    assert gone["id"] not in listed
    assert everything[gone["id"]] == "revoked"


def test_who_revokes_a_key_is_asked(spooled: CommandLine) -> None:
    """The question says whose key it is and when it was used; only yes is one."""
    made = created(spooled)
    use(spooled, made["key"])
    kept = spooled.typing("n\n", "keys", "revoke", made["id"])
    still = use(spooled, made["key"])
    gone = spooled.typing("y\n", "keys", "revoke", made["id"])

    assert "Mailer" in kept.out
    assert "last used" in kept.out
    assert (kept.code != Exit.DONE, still) == (True, Exit.DONE)
    assert (gone.code, use(spooled, made["key"])) == (Exit.DONE, Exit.FORBIDDEN)


def test_a_question_obeys_nobody(spooled: CommandLine) -> None:
    """The name of a key, which anybody may have given, does not move the cursor of who is asked about it."""
    made = spooled("keys", "create", "Mailer\x1b[2K\rBackup", "--json").json
    asked = spooled.typing("n\n", "keys", "revoke", made["id"]).out

    assert "Mailer" in asked
    assert "\x1b" not in asked
    assert "\rBackup" not in asked


def test_a_secret_in_place_of_an_id_is_not_sent(spooled: CommandLine) -> None:
    """Who names a key by its secret is told so, without it, before anything is asked of the service."""
    made = created(spooled)
    ended = [
        spooled("keys", "rotate", made["key"]),
        spooled("keys", "revoke", made["id"], made["key"], "--yes"),
    ]

    assert [one.code for one in ended] == [Exit.USAGE] * 2
    assert made["key"] not in "".join(one.err for one in ended)
    assert use(spooled, made["key"]) == Exit.DONE


@pytest.mark.parametrize("name", [".", ".."])
def test_what_a_path_is_made_of_is_no_key(spooled: CommandLine, name: str) -> None:
    """Dots lead to no other route than that of one key, which there is not."""
    assert "no such API key" in spooled("keys", "revoke", name, "--yes").err
    assert "no such API key" in spooled("keys", "rotate", name).err
    assert spooled.typing("y\n", "keys", "revoke", name).code == Exit.NOT_FOUND


def test_a_secret_that_nobody_reads_is_named(spooled: CommandLine) -> None:
    """Who loses the secret of a key that was made is told which key it is, to revoke it."""
    process = spooled.start("keys", "create", "Lost", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    (key,) = [one for one in spooled("keys", "--json").json if one["name"] == "Lost"]

    assert process.wait() == Exit.READER_GONE
    assert key["id"] in said


def test_a_webhooks_secret_is_rotated(spooled: CommandLine, api: httpx.Client) -> None:
    """The new secret alone is standard output; the list says until when both sign."""
    made = api.post("/outgoing-webhooks", json=HOOK).raise_for_status().json()
    reader = CommandLine(spooled.url, created(spooled, "--permission", "webhooks:read")["key"])
    before = rows(spooled("webhooks"))
    rotated = spooled("webhooks", "rotate-secret", made["id"], "--overlap", "2h")
    again = spooled("webhooks", "rotate-secret", made["id"], "--json")
    after = rows(reader("webhooks"))
    at_once = spooled("webhooks", "rotate-secret", made["id"], "--overlap", "0", "--json").json

    assert before[0] == before[0] | {"ID": made["id"], "NAME": "Pager", "STATE": "enabled", "BOTH SIGN": ""}
    assert (before[0]["URL"], before[0]["EVENTS"]) == (HOOK["url"], "job.failed")
    assert rotated.out.startswith("whsec_")
    assert rotated.out.strip() not in rotated.err + spooled("webhooks", "--json").out
    assert after[0]["BOTH SIGN"].startswith("in ")
    assert again.code == Exit.CONFLICT
    assert at_once["secret"].startswith("whsec_")
    assert at_once["overlap_ends_at"] is None
    assert reader("webhooks", "rotate-secret", made["id"]).code == Exit.FORBIDDEN
    assert spooled("webhooks", "rotate-secret", "wh_0").code == Exit.NOT_FOUND
