"""What processes use, as Linux tells it."""

import os
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def with_descendants(pid: int) -> list[int]:
    """The process and all that it has started and that still run."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            children.setdefault(int(_fields(int(path.name))[1]), []).append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def processor_seconds(pid: int) -> float:
    """Processor time that the process has used."""
    return sum(map(int, _fields(pid)[11:13])) / _TICKS_A_SECOND


def server_seconds(backend_pid: int) -> float:
    """Processor time of a whole PostgreSQL, those of its processes included that have ended.

    To the nanosecond for those that run: each has one thread, and a short measurement is but a few ticks.
    """
    parent = int(_fields(backend_pid)[1])
    of_ended = sum(map(int, _fields(parent)[13:15])) / _TICKS_A_SECOND
    total = of_ended
    for pid in with_descendants(parent):
        try:
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        except FileNotFoundError:
            continue
    return total


def megabytes(pid: int) -> float:
    """Resident memory of the process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(resident) / 1024


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
