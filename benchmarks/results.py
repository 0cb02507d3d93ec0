"""The results of a run, which is kept as docs/performance.json."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from benchmarks.figure import Figure

FILE = Path(__file__).parents[1] / "docs" / "performance.json"


@dataclass(frozen=True)
class Failure:
    """A module that gave no figure: the one it should have given, how to repeat it, and what it said."""

    name: str
    command: str
    why: str


@dataclass(frozen=True)
class Results:
    """What a run found. taken: the day. machine: what it ran on, by name."""

    taken: str
    rounds: int
    machine: Mapping[str, str]
    figures: Sequence[Figure] = ()
    failures: Sequence[Failure] = field(default=())

    @classmethod
    def empty(cls, rounds: int) -> Self:
        """Those of a run that begins now on this machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        machine = {
            "processors": str(os.cpu_count()),
            "memory": f"{memory / 2**30:.0f} GB",
            "system": platform.system(),
            "Python": platform.python_version(),
        }
        return cls(datetime.now(UTC).date().isoformat(), rounds, machine)

    def named(self, name: str) -> list[Figure]:
        return [figure for figure in self.figures if figure.name == name]

    def beside(self, name: str) -> dict[str, float]:
        """All that was measured for the figures of that name."""
        return {what: value for figure in self.named(name) for what, value in figure.beside.items()}

    def with_found(
        self, names: Sequence[str], figures: Sequence[Figure], failures: Sequence[Failure]
    ) -> Self:
        """These, with what was found now in the place of what was known of those names."""
        kept = [figure for figure in self.figures if figure.name not in names]
        broken = [failure for failure in self.failures if failure.name not in names]
        return type(self)(
            self.taken,
            self.rounds,
            self.machine,
            sorted([*kept, *figures], key=lambda figure: int(figure.name[1:])),
            sorted([*broken, *failures], key=lambda failure: int(failure.name[1:])),
        )

    def write(self, file: Path) -> None:
        fields = asdict(self) | {"figures": [figure.to_json() for figure in self.figures]}
        file.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        figures = [Figure.from_json(figure) for figure in fields.pop("figures")]
        failures = [Failure(**failure) for failure in fields.pop("failures")]
        return cls(**fields, figures=figures, failures=failures)
