"""A running service that is sent what nobody should send, and what that costs it.

Processor time and memory are read of its process: neither depends on what else the machine does.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.official import new_key
from tests.support.run import Run

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What was used between two moments."""

    seconds: float = 0.0
    """Of the processor."""
    megabytes: float = 0.0
    """Of memory at the highest, above what it was before."""


@dataclass
class Victim:
    """The service, and the key of an organization on the largest plan."""

    run: Run
    key: str = field(init=False)
    measured: list[Cost] = field(default_factory=list)
    """Of all blocks, in their order."""
    _known_faults: int = 0

    def __post_init__(self) -> None:
        self.key = new_key(self.run.url)

    @property
    def port(self) -> int:
        return self.run.port

    @property
    def memory(self) -> float:
        """What its process holds, megabytes."""
        return self._status("VmRSS")

    @contextmanager
    def costing(self) -> Iterator[Cost]:
        """What the block costs it, known behind the block."""
        cost = Cost()
        self._process("clear_refs").write_text("5", encoding="ascii")  # the highest begins anew
        memory, seconds = self.memory, self._seconds()
        yield cost
        cost.seconds = self._seconds() - seconds
        cost.megabytes = max(0.0, self._status("VmHWM") - memory)
        self.measured.append(cost)

    def faults(self) -> list[str]:
        """The lines of its log that tell of an error which nobody foresaw, since this was last asked."""
        lines = [line for line in self.run.said.splitlines() if "Traceback" in line or "ERROR" in line]
        new, self._known_faults = lines[self._known_faults :], len(lines)
        return new

    def _seconds(self) -> float:
        fields = self._process("stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _status(self, name: str) -> float:
        lines = self._process("status").read_text(encoding="utf-8").splitlines()
        (line,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024

    def _process(self, name: str) -> Path:
        return Path(f"/proc/{self.run.process.pid}/{name}")
