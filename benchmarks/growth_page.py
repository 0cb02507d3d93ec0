"""What docs/growth.md shows of docs/growth.json: tables between two marks, and a picture."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.figure import shown
from benchmarks.pictures import curve
from benchmarks.results import FILE, Results

RESULTS = FILE.with_name("growth.json")
PAGE, PICTURE = RESULTS.with_suffix(".md"), RESULTS.with_suffix(".svg")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
_RATIOS = ("jobs", "claim_median", "claim_p95")
_COUNTED = ("queues", "organizations", "waiting", "finished")
_TITLES = {
    "queues": "Queues in use, against one",
    "organizations": "Organizations at once, against one",
    "waiting": "Waiting jobs, half of them delayed at a higher priority, against none",
    "finished": "Finished jobs of 90 days, against none",
    "days": "Days kept, each a partition, empty, against a new service",
    "payload": "Payload, against 100 bytes",
    "processes": "Service processes that share the two processors, over HTTP, against one",
}


def keep(section: str, found: Mapping[str, Any]) -> None:
    """Put what was found in the place of what the results had of that name."""
    known = _read()
    known |= {"taken": (now := Results.empty(0)).taken, "machine": now.machine}
    known[section] = known.get(section, {}) | found
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def write() -> None:
    """The tables and the picture, from the results there are."""
    known = _read()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{rendered(known)}\n{END}{after}", encoding="utf-8")
    if lines := curves(known.get("growth", {})):
        PICTURE.write_bytes(curve("Jobs a second, against the smallest size", lines))


def rendered(known: Mapping[str, Any]) -> str:
    """The tables."""
    facts = ", ".join(f"{what} {value}" for what, value in known.get("machine", {}).items())
    parts = [f"Taken on {known.get('taken')}, on a machine with: {facts}."] if facts else []
    for of, title in _TITLES.items():
        if points := known.get("growth", {}).get(of):
            rows = [[point["size"], *[_ratio(point[name]) for name in _RATIOS]] for point in points]
            parts.append(_table(title, ["Size", "Jobs a second", "Claim, median", "Claim, p95"], rows))
    archive = known.get("archive", {})
    if reads := archive.get("reads"):
        rows = [[read["what"], shown(read["empty_ms"]), shown(read["grown_ms"])] for read in reads]
        parts.append(_table("Lists and figures, milliseconds", ["What", "Empty", "Grown"], rows))
    if beside := archive.get("beside"):
        rows = [
            [one["what"], _ratio(one["claim_median"]), _ratio(one["claim_p95"]), shown(one["longest_ms"])]
            for one in beside
        ]
        head = ["While", "Claim, median", "Claim, p95", "Longest step of a job, ms"]
        parts.append(_table("A claim while something else happens, against while nothing does", head, rows))
    return "\n\n".join(parts) + "\n"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruled = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join([f"**{title}**\n", *[f"| {' | '.join(cells)} |" for cells in ruled]])


def curves(growth: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, float]]:
    """A line for each thing of which there is a number, from the base on."""
    lines = {
        of: {"base": 1.0} | {point["size"]: point["jobs"][0] for point in growth[of]}
        for of in _COUNTED
        if of in growth
    }
    order = sorted({size for line in lines.values() for size in line}, key=_number)
    return {of: {size: line[size] for size in order if size in line} for of, line in lines.items()}


def _number(size: str) -> int:
    return 0 if size == "base" else int(size.replace(",", ""))


def _ratio(found: Sequence[float] | None) -> str:
    return "" if found is None else f"{shown(found[0])} ({shown(found[1])} to {shown(found[2])})"


def _read() -> dict[str, Any]:
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {}
