"""The page of figures says what was measured, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import running
from benchmarks.figure import Figure, middle, shown
from benchmarks.page import PAGE, PICTURES, rendered
from benchmarks.pictures import curves, pictures, share_of_goal
from benchmarks.results import FILE, Failure, Results
from benchmarks.running import measured
from benchmarks.wanted import NOT_MEASURED, WANTED, modules

FIGURE = Figure(
    name="P3",
    what="the life of a job",
    goal=0.5,
    goal_is="at least",
    value=0.6,
    spread=(0.55, 0.7),
    unit="ratio",
    command="python -m benchmarks.p03_batches",
    beside={"jobs/s at 10 a batch": 2000.0, "jobs/s at 1 a batch": 900.0, "ceiling jobs/s": 9000.0},
    note="On two processors.",
)
PROGRAM = """
from benchmarks.command import main
from benchmarks.figure import Figure
def measure(rounds):
    {body}
    return [Figure("{name}", "w", 1.0, "at most", rounds, (1.0, 3.0), "ms", "c")]
if __name__ == "__main__":
    main(measure)
"""


def test_the_page_is_what_the_results_give() -> None:
    """docs/performance.md and its pictures hold what docs/performance.json says, byte for byte."""
    results = Results.read(FILE)

    assert PAGE.read_text(encoding="utf-8") == rendered(results), "run `python -m benchmarks --page`"
    assert {file.name: file.read_bytes() for file in PICTURES.glob("*.svg")} == pictures(results)


def test_each_wanted_figure_has_a_module_or_a_reason() -> None:
    """No figure is left out in silence, and no reason stays when there is a module."""
    assert {*modules(), *NOT_MEASURED} == {*WANTED}
    assert {*modules()} & {*NOT_MEASURED} == set()


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    """The file for programs has all that the page is made of."""
    failure = Failure("P4", "python -m benchmarks.p04_peers", "no Node")
    results = Results.empty(3).with_found(["P3", "P4"], [FIGURE], [failure])

    results.write(tmp_path / "r.json")

    assert Results.read(tmp_path / "r.json") == results


def test_a_figure_that_is_found_again_takes_the_place_of_the_old_one() -> None:
    """A run of some figures leaves the others, and no failure outlives the success that follows."""
    first = (
        Results.empty(3).with_found(["P3"], [FIGURE], []).with_found(["P1"], [], [Failure("P1", "c", "w")])
    )

    again = first.with_found(["P1"], [replace(FIGURE, name="P1")], [])

    assert ([figure.name for figure in again.figures], again.failures) == (["P1", "P3"], [])


@pytest.mark.parametrize(
    ("goal_is", "value", "is_met", "share"),
    [
        ("at least", 0.5, True, 1.0),
        ("at least", 0.25, False, 0.5),
        ("at most", 0.5, True, 1.0),
        ("at most", 1.0, False, 0.5),
        ("at most", 0.0, True, 3.0),
    ],
)
def test_a_goal_is_met_on_it_and_beyond(goal_is: str, value: float, is_met: bool, share: float) -> None:  # noqa: FBT001
    """Both ways of a goal have a right side, in the table and in the picture."""
    figure = replace(FIGURE, goal_is=goal_is, value=value)

    assert (figure.is_met, share_of_goal(figure)) == (is_met, share)


def test_the_page_shows_each_kind_of_outcome() -> None:
    """A reader tells a goal that is met from one that is not, a failure, and what nobody measured."""
    missed = replace(FIGURE, name="P1", value=0.3)
    failure = Failure("P2", "python -m benchmarks.p02_work", "ZeroDivisionError: division by zero")
    page = rendered(Results.empty(3).with_found(["P1", "P2", "P3"], [missed, FIGURE], [failure]))
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| P")}

    assert rows["| P1"].endswith("| **not met** |")
    assert rows["| P2"].endswith("| **failed** |")
    assert rows["| P3"].endswith("| met |")
    assert rows["| P9"].endswith("| not measured |")
    assert "ZeroDivisionError: division by zero" in page
    assert "| ceiling jobs/s | 9,000 |" in page


def test_sizes_make_a_line_in_their_order() -> None:
    """What was measured at several sizes is drawn by size; what was measured once is no line."""
    assert curves(FIGURE.beside) == {"jobs/s": {"1 a batch": 900.0, "10 a batch": 2000.0}}
    assert {*pictures(Results.empty(3).with_found(["P3"], [FIGURE], []))} == {"goals.svg", "batches.svg"}


def test_the_value_of_rounds_is_their_median() -> None:
    """One bad round moves the spread, not the value."""
    assert middle([0.6, 0.1, 0.7]) == (0.6, (0.1, 0.7))
    assert [shown(value) for value in (0, 0.0012, 0.5, 12.34, 1234.5)] == [
        "0",
        "0.0012",
        "0.50",
        "12.3",
        "1,234",
    ]


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, body: str = "pass", name: str = "P1", seconds: float = 60
):
    (folder / "program.py").write_text(PROGRAM.format(body=body, name=name))
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{Path(__file__).parents[2]}")
    monkeypatch.setattr(running, "ENDING_SECONDS", 1)  # what this one has started is nothing
    return measured("P1", "program", 2, seconds)


def test_a_module_tells_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child measured in so many rounds arrives here."""
    [figure], failures = run(tmp_path, monkeypatch)

    assert (figure.value, figure.spread, failures) == (2, (1.0, 3.0), ())


@pytest.mark.parametrize(
    ("body", "name", "seconds", "why"),
    [
        ("raise ValueError('no such queue')", "P1", 60.0, "ValueError: no such queue"),
        ("print(1, end=''); raise SystemExit('no servers')", "P1", 60.0, "no servers"),
        ("import time; time.sleep(60)", "P1", 0.5, "it took longer than 0 seconds"),
        ("pass", "P2", 60.0, "it gave figures of other names: ['P2']"),
    ],
)
def test_a_module_that_fails_is_shown_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, name: str, seconds: float, why: str
) -> None:
    """A fault, a hang and another's figure are failures with their reason, and stop nothing else."""
    figures, [failure] = run(tmp_path, monkeypatch, body, name, seconds)

    assert figures == ()
    assert (failure.name, failure.command) == ("P1", "python -m program --rounds 2")
    assert why in failure.why
