"""The page of promises names tests, and they are there."""

import re
from pathlib import Path

TREE = Path(__file__).parents[2]
PAGE = (TREE / "docs/guarantees.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| Promise")]
NAME = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_each_promise_names_its_tests() -> None:
    """No line of the page is without a test."""
    assert len(ROWS) > 20
    assert [row for row in ROWS if not NAME.search(row)] == []


def test_each_test_on_the_page_is_there() -> None:
    """Whoever renames or removes a test finds the promise that it shows."""
    named = [match.groups() for match in NAME.finditer(PAGE)]
    texts = {file: (TREE / file).read_text() for file, _ in named if (TREE / file).is_file()}
    absent = [
        (file, test)
        for file, test in named
        if file not in texts or (test and not re.search(rf"def {test}\(", texts[file]))
    ]

    assert absent == []
