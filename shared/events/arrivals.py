"""What became claimable in a queue, as processes tell each other: how many jobs, and where they stand."""

from collections.abc import Iterable
from datetime import UTC, datetime

from shared.marks import Place

_ANYWHERE = "?"


class Arrivals:
    """What is to be told of one queue."""

    __slots__ = ("_are_anywhere", "_earliest", "_jobs")

    def __init__(self) -> None:
        self._jobs = 0
        self._earliest: dict[int, datetime] = {}
        self._are_anywhere = False

    def add(self, jobs: int, places: Iterable[Place] | None) -> None:
        """So many jobs more; see `Marks.arrived` for their places."""
        self._jobs += jobs
        if places is None:
            self._are_anywhere = True
            return
        for priority, run_at in places:
            self._earliest[priority] = min(run_at, self._earliest.get(priority, run_at))

    def in_words(self) -> str:
        """How many, then the earliest of each priority."""
        places = [f"{priority}@{run_at.timestamp()}" for priority, run_at in self._earliest.items()]
        return " ".join([str(self._jobs), *places, *([_ANYWHERE] if self._are_anywhere else [])])


def read_arrivals(words: str) -> tuple[int, list[Place] | None]:
    """How many jobs, and their places; None when they may be anywhere."""
    jobs, *places = words.split(" ")
    if _ANYWHERE in places:
        return int(jobs), None
    pairs = (place.split("@") for place in places)
    return int(jobs), [(int(priority), datetime.fromtimestamp(float(at), UTC)) for priority, at in pairs]
