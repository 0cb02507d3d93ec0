"""A measured figure beside its goal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal, Self

ROUNDS, FULL_ROUNDS = 3, 7
"""Of a short run and of a full one; what takes long may be longer when there are FULL_ROUNDS or more."""


@dataclass(frozen=True)
class Figure:
    """One figure of docs/performance.md.

    name: as in the table of goals, for example P1; a goal of two parts has two figures of that name.
    value: the median of the rounds. spread: the lowest and the highest round. unit: "ratio", "ms", "MB", "$".
    command: repeats it. beside: what was measured, by name. note: what a reader has to know besides.
    """

    name: str
    what: str
    goal: float
    goal_is: Literal["at least", "at most"]
    value: float
    spread: tuple[float, float]
    unit: str
    command: str
    beside: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the value is on the right side of the goal, or on it."""
        return self.value >= self.goal if self.goal_is == "at least" else self.value <= self.goal

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The figure. Raises TypeError for fields that are no figure's."""
        return cls(**{**fields, "spread": tuple(fields["spread"])})


def middle(rounds: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The median of the rounds, and the lowest and highest: `value` and `spread`."""
    return median(rounds), (min(rounds), max(rounds))


def shown(value: float) -> str:
    """A number as a person reads it: three digits that matter, thousands apart."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1  # noqa: PLR2004
    return f"{value:.{digits}f}" if abs(value) >= 0.01 else f"{value:.2g}"  # noqa: PLR2004
