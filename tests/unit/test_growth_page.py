"""docs/growth.md shows what was measured, and nothing else."""

import json

from benchmarks.growth import OF
from benchmarks.growth_page import PAGE, PICTURE, RESULTS, curves, rendered
from benchmarks.pictures import curve

RESULT = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_has_the_tables_of_the_results() -> None:
    """As `python -m benchmarks.growth --page` writes them."""
    assert rendered(RESULT) in PAGE.read_text(encoding="utf-8")


def test_the_picture_is_drawn_from_the_results() -> None:
    """The same results give the same bytes, and each line begins at the smallest size."""
    lines = curves(RESULT["growth"])

    assert PICTURE.read_bytes() == curve("Jobs a second, against the smallest size", lines)
    assert {line["base"] for line in lines.values()} == {1.0}


def test_everything_that_grows_was_measured() -> None:
    """The page has a table for each thing that the load knows."""
    assert {*RESULT["growth"]} == {*OF}
    assert {*RESULT["archive"]} == {"reads", "beside"}
