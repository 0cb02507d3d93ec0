"""The checker of contract rows can fail."""

import pytest

from tests.support.shape import matches

SHAPES = {"Item": "id:str at:ts"}
GOOD = {"n": 1, "note": None, "items": [{"id": "a", "at": "2026-01-01T00:00:00Z"}]}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"n": "1", "items": []},
        {"n": True, "items": []},
        {"n": 1},
        {"n": 1, "items": [{"id": "a", "at": "2026-01-01T00:00:00"}]},
        {"n": 1, "items": [{"id": None, "at": "2026-01-01T00:00:00Z"}]},
        {"n": 1, "note": 5, "items": []},
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: dict[str, object]) -> None:
    """A missing, null or mistyped field fails, in nested objects too."""
    matches(GOOD, "n:int note:str? items:[Item]", SHAPES)
    with pytest.raises((AssertionError, ValueError)):
        matches(answer, "n:int note:str? items:[Item]", SHAPES)
