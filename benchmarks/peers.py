"""Spooled beside other job queues: `python -m benchmarks.peers --peers DIR`, which writes docs/peers.json.

DIR has `run_peers.py` and the programs of the other queues. See docs/peers.md for what they are, what has to
be installed for them, and how to read the table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.figure import ROUNDS, shown
from benchmarks.peers_ground import Ground, running_ground
from benchmarks.results import FILE, Results

SETTING = "PEERS"
SERVICE = "service"
BASE = "procrastinate"
DATA = FILE.with_name("peers.json")
JOBS = 2000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Peers:
    """The folder of the contestants, and what runs them.

    python: has the packages of those in Python. python312: has those of 3.12 or newer.
    node_dir: the folder with `node_modules`.
    """

    folder: Path
    python: str
    python312: str
    node: str
    node_dir: str

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Self:
        """As the settings PEERS, PEERS_PYTHON, PEERS_PYTHON312, PEERS_NODE and PEERS_NODE_DIR say."""
        python = settings.get(f"{SETTING}_PYTHON", sys.executable)
        return cls(
            Path(settings[SETTING]).resolve(),
            python,
            settings.get(f"{SETTING}_PYTHON312", python),
            settings.get(f"{SETTING}_NODE", "node"),
            settings.get(f"{SETTING}_NODE_DIR", "."),
        )

    def run(
        self, ground: Ground, only: Sequence[str], *, rounds: int, idle_rounds: int = 0, jobs: int = JOBS
    ) -> list[Row]:
        """What each contestant did in each round, all of them in turn in a new order each round.

        Raises CalledProcessError when the run ends badly, and says what it said.
        """
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "rows"
            options = {
                "dsn": ground.postgres,
                "redis": ground.redis,
                "url": ground.url,
                "server-pid": ground.pid,
                "out": out,
                "python312": self.python312,
                "node": self.node,
                "node-dir": Path(self.node_dir).resolve(),
                "only": ",".join(only),
                "reps": rounds,
                "lat-reps": idle_rounds,
                "n": jobs,
            }
            arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
            subprocess.run(
                [self.python, "run_peers.py", *arguments],
                cwd=self.folder,
                env={**os.environ, "SPOOLED_API_KEY": ground.key, "PYTHONDONTWRITEBYTECODE": "1"},
                stdout=sys.stderr,
                check=True,
            )
            return [json.loads(line) for line in out.read_text().splitlines()]


def by_round(rows: Sequence[Row], contestant: str, phase: str, what: str) -> dict[int, float]:
    """What was measured of a contestant (`jobs_s`, `cpu_us`, `p50`, `p95`) by the round; not failed ones."""
    return {
        row["rep"]: row[what]
        for row in rows
        if (row["name"], row["phase"]) == (contestant, phase) and what in row
    }


def ratios(rows: Sequence[Row], contestant: str, base: str, phase: str, what: str) -> list[float]:
    """A contestant's to another's, in each round that both have."""
    these, those = (by_round(rows, name, phase, what) for name in (contestant, base))
    return [these[turn] / those[turn] for turn in sorted(these) if those.get(turn)]


def middle_of(rows: Sequence[Row], contestant: str, phase: str, what: str) -> float:
    """The median of the rounds. Raises ValueError where a contestant has none."""
    found = by_round(rows, contestant, phase, what)
    if not found:
        raise ValueError(f"{contestant} has no {phase}: it was left out, or failed in each round")
    return median(found.values())


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One entry for each contestant, who is the fastest at working off first."""
    entries = []
    for name in dict.fromkeys(row["name"] for row in rows):
        entry: dict[str, Any] = {"name": name}
        for phase, what in (
            ("enqueue", "jobs_s"),
            ("work", "jobs_s"),
            ("enqueue", "cpu_us"),
            ("work", "cpu_us"),
        ):
            if found := by_round(rows, name, phase, what):
                entry[f"{phase}_{what}"] = round(median(found.values()), 1)
            if what == "jobs_s" and (turns := ratios(rows, name, BASE, phase, what)):
                entry[f"{phase}_ratio"] = [
                    round(value, 2) for value in (median(turns), min(turns), max(turns))
                ]
        for what in ("p50", "p95"):
            if found := by_round(rows, name, "idle", what):
                entry[f"idle_{what}_ms"] = round(median(found.values()), 2)
        entries.append(entry)
    return sorted(entries, key=lambda entry: -entry.get("work_jobs_s", 0))


def table(entries: Sequence[Mapping[str, Any]]) -> str:
    """The summary for docs/peers.md."""
    lines = [
        "| | enqueue/s | ratio | process/s | ratio | CPU µs a job, enqueue / process | idle p50 / p95 ms |",
        "|---|---:|---|---:|---|---|---|",
    ]
    for entry in entries:
        enqueue, work = (
            "{} ({} to {})".format(*entry[name]) if (name := f"{phase}_ratio") in entry else ""
            for phase in ("enqueue", "work")
        )
        cells = [
            entry["name"],
            *(_cell(entry, "enqueue_jobs_s"), enqueue, _cell(entry, "work_jobs_s"), work),
            f"{_cell(entry, 'enqueue_cpu_us')} / {_cell(entry, 'work_cpu_us')}",
            f"{_cell(entry, 'idle_p50_ms')} / {_cell(entry, 'idle_p95_ms')}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(entry: Mapping[str, Any], what: str) -> str:
    return shown(entry[what]) if what in entry else ""


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("", "-python", "-python312", "-node", "-node-dir"):
        parser.add_argument(f"--peers{name}", help=f"instead of {SETTING}{name.replace('-', '_').upper()}")
    parser.add_argument("--only", default="", help="contestants, by commas")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--idle-rounds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args()
    settings = {name.upper(): value for name, value in vars(given).items() if isinstance(value, str)}
    settings = {**os.environ, **settings}
    if SETTING not in settings:
        parser.error("give --peers or PEERS: the folder with run_peers.py")
    only = [name for name in given.only.split(",") if name]
    with running_ground() as ground:
        rows = Peers.of(settings).run(
            ground, only, rounds=given.rounds, idle_rounds=given.idle_rounds, jobs=given.jobs
        )
    entries = summary(rows)
    found = Results.empty(given.rounds)
    data = {"taken": found.taken, "rounds": found.rounds, "machine": found.machine, "contestants": entries}
    given.out.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(entries))


if __name__ == "__main__":
    main()
