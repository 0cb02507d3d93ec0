"""Things that are measured in turn, so that what slows the machine slows all of them."""

from collections.abc import Callable, Mapping
from statistics import median

SLICES = 3
"""Of each thing in a round: several short ones, since what else a machine does comes and goes."""


class Rounds:
    """What each round found of each thing, by its name."""

    def __init__(self, found: Mapping[str, list[float]]) -> None:
        self._found = found

    def ratios(self, of: str, to: str) -> list[float]:
        """How the one thing compares with the other, in each round."""
        return [one / other for one, other in zip(self._found[of], self._found[to], strict=True)]

    def median(self, name: str) -> float:
        return median(self._found[name])


def in_turn(rounds: int, takes: Mapping[str, Callable[[], float]], *, slices: int = SLICES) -> Rounds:
    """Take each thing in turn, forwards and backwards.

    A round is the mean of its slices. A slice of each before the first warms up.
    """
    found: dict[str, list[float]] = {name: [] for name in takes}
    for turn in range(-1, rounds):
        taken: dict[str, list[float]] = {name: [] for name in takes}
        for number in range(1 if turn < 0 else slices):
            for name in takes if (turn + number) % 2 else reversed([*takes]):
                taken[name].append(takes[name]())
        if turn >= 0:
            for name, values in taken.items():
                found[name].append(sum(values) / len(values))
    return Rounds(found)
