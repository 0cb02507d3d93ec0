"""The side-by-side run with other queues is read as it was measured."""

from pathlib import Path

import pytest

from benchmarks.peers import Peers, middle_of, ratios, summary, table
from benchmarks.wanted import NEEDS, why_not

ROWS = [
    {"name": "procrastinate", "phase": "work", "rep": 0, "jobs_s": 100.0, "cpu_us": 10.0},
    {"name": "procrastinate", "phase": "work", "rep": 1, "jobs_s": 200.0, "cpu_us": 12.0},
    {"name": "procrastinate", "phase": "work", "rep": 2, "jobs_s": 400.0, "cpu_us": 14.0},
    {"name": "service", "phase": "work", "rep": 0, "jobs_s": 300.0, "cpu_us": 5.0},
    {"name": "service", "phase": "work", "rep": 1, "failed": True},
    {"name": "service", "phase": "work", "rep": 2, "jobs_s": 800.0, "cpu_us": 7.0},
    {"name": "service", "phase": "idle", "rep": 0, "p50": 2.5, "p95": 4.0},
]


def test_a_ratio_is_of_one_round() -> None:
    """Who was slow in a slow round is not held against who was fast in a quick one; a failed one has none."""
    assert ratios(ROWS, "service", "procrastinate", "work", "jobs_s") == [3.0, 2.0]
    assert middle_of(ROWS, "procrastinate", "work", "jobs_s") == 200


def test_who_has_nothing_is_named() -> None:
    """A contestant that was left out does not become a zero."""
    with pytest.raises(ValueError, match="oban has no work"):
        middle_of(ROWS, "oban", "work", "jobs_s")


def test_the_table_has_each_contestant_the_fastest_first() -> None:
    """What was measured is shown, and what was not is an empty cell or nothing."""
    first, second = summary(ROWS)

    assert (first["name"], first["work_ratio"], first["idle_p50_ms"]) == ("service", [2.5, 2.0, 3.0], 2.5)
    assert "idle_p50_ms" not in second
    rows = table([first, second]).splitlines()
    assert rows[2] == "| service |  |  | 550 | 2.5 (2.0 to 3.0) |  / 6.00 | 2.50 / 4.00 |"
    assert rows[3] == "| procrastinate |  |  | 200 | 1.0 (1.0 to 1.0) |  / 12.0 |  /  |"


def test_settings_name_what_runs_the_contestants() -> None:
    """The newer Python is the same one unless another is named."""
    peers = Peers.of({"PEERS": "/contestants", "PEERS_PYTHON": "/a/python", "PEERS_NODE": "/a/node"})

    assert peers == Peers(Path("/contestants"), "/a/python", "/a/python", "/a/node", ".")


def test_figures_that_need_other_queues_are_left_out_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make bench` runs to its end on a machine that has none of them."""
    monkeypatch.delenv("PEERS", raising=False)
    assert {name: why_not(name) for name in ("P1", *NEEDS)} == {
        "P1": None,
        "P4": "give PEERS=DIR",
        "P5": "give PEERS=DIR",
    }

    monkeypatch.setenv("PEERS", "/contestants")
    assert why_not("P4") is None
