"""Causes: errors that say the same of different things are one, and others are not."""

import pytest

from shared.jobs.cause import cause_of, cause_text

SAME = [
    ("connection to 10.0.0.17:5432 refused after 30.5 s", "connection to db-2.local:6432 refused after 3 s"),
    ("User 'bob smith' not found", "User 'eve' not found"),
    ('open "/srv/a b.txt" failed', 'open "x" failed'),
    ("open /var/lib/a.txt: denied", "open C:\\tmp\\b.txt: denied"),
    ("POST https://api.example.com/v1?id=7 timed out", "POST http://[::1]/ timed out"),
    ("no mail to ann@example.com", "no mail to bob.b+tag@mail.example.org"),
    ("job_01k8x5q2m4c00 is gone", "job_01k8x5q2m4c01 is gone"),
    ("trace deadbeefcafe", "trace 7f3a9c"),
    ("request 0190a1b2-7c3d-7e4f-8a5b-6c7d8e9fa0b1 died", "request 17 died"),
    ("rows [1, 2, 3] are missing", "rows [17] are missing"),
    ("host fe80::1ff:fe23:4567:890a is down", "host 00:1b:44:11:3a:b7 is down"),
    ("a\n   b", "a b"),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=[one for one, _ in SAME])
def test_what_differs_from_job_to_job_is_left_out(one: str, other: str) -> None:
    """Numbers, ids, hex, quoted text, addresses, paths and white space make no other cause."""
    assert cause_text(one) == cause_text(other)
    assert cause_of(one) == cause_of(other)


def test_words_are_kept() -> None:
    """What an error says in words makes a cause, with the names of what differs."""
    assert cause_text("KeyError: 'abc' at line 17: no key") == "KeyError: * at line *: no key"
    assert cause_text("don't do that, it isn't right.") == "don't do that, it isn't right."
    assert cause_of("card declined") != cause_of("card expired")
    assert cause_text("") == ""


def test_a_long_error_is_told_by_its_beginning() -> None:
    """Two long errors of one beginning are one cause, wherever their ends are cut."""
    first, second = ("failed for 7 of " + "many words " * 200, "failed for 77777 of " + "many words " * 200)

    assert cause_text(first) == cause_text(second)
    assert len(cause_text(first)) <= 300


def test_a_cause_is_the_same_in_every_process() -> None:
    """The number of a group never changes, since jobs are stored with it; it fits a positive bigint."""
    assert cause_of("Lease expired") == 3702637000022822302

    assert 0 < cause_of("x") < 2**63
