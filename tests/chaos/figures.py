"""What a run comes to, in figures: counted from its log."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.checker.verdict import Verdict
from tests.chaos.log import Record
from tests.chaos.plan import CUTS, PROCESSES, Fault

_READS = {"read", "stats"}


def summary(seed: int, plan: Sequence[Fault], records: Sequence[Record], verdict: Verdict) -> str:
    """The text that is printed at the end."""
    requests = [record for record in records if record["what"] == "request" and record["op"] not in _READS]
    outcomes = Counter(record["outcome"] for record in requests)
    what = Counter(record["what"] for record in records)
    found = Counter(record["status"] for record in records if record["what"] == "found")
    calls = sum(record["accepted"] for record in records if record["what"] == "called")
    slots = sum(len(record["runs"]) for record in records if record["what"] == "runs")
    slowest = max((record["ended"] - record["sent"] for record in requests if record["status"]), default=0.0)
    lines = [
        f"seed {seed}: {len(plan)} faults planned",
        f"requests {len(requests)}: {outcomes['yes']} acknowledged, {outcomes['no']} refused or never sent",
        f"{outcomes['unknown']} ambiguous; the slowest answer took {slowest:.1f} s",
        f"jobs {found.total()}: " + ", ".join(f"{count} {state}" for state, count in sorted(found.items())),
        f"handed out {what['handed']} times; {what['called']} calls of webhooks, {calls} of them accepted",
        f"{slots} slots fired; {what['found workflow']} workflows; {what['cancel']} cancels",
        "",
        "fault                              times  recovered after: median     max",
    ]
    for name, seconds in sorted(_recoveries(records).items()):
        worst = f"{statistics.median(seconds):19.2f} s {max(seconds):5.2f} s" if seconds else ""
        times = sum(_kind(r) == name for r in records if r["what"] == "fault")
        lines.append(f"{name:<34} {times:>5}  {worst}")
    lines += ["", "check                              looked at  violations"]
    lines += [
        f"{name:<34} {verdict.looked_at[name]:>9} {len(violations):>11}"
        for name, violations in verdict.found.items()
    ]
    return "\n".join(lines)


def _kind(fault: Record) -> str:
    """Faults that are told apart: processes are alike in the links, `streams` is another kind in itself."""
    target = fault["target"]
    if fault["kind"] in CUTS:
        for process in PROCESSES:
            target = target.replace(f"{process}-", "service-").replace(f"-{process}", "-service")
    elif target in {"a", "b"}:
        target = "service"
    return f"{fault['kind']} {target}"


def _recoveries(records: Sequence[Record]) -> dict[str, list[float]]:
    """By the kind of fault, seconds from a kill, or from the end of what lasts, to the first acknowledgement.

    Of a request that was sent after it and went to the process concerned, or to any where it concerns all.
    """
    acknowledged = sorted(
        (record for record in records if record["what"] == "request" and record["outcome"] == "yes"),
        key=lambda record: float(record["ended"]),
    )
    found: dict[str, list[float]] = defaultdict(list)
    for fault in (record for record in records if record["what"] == "fault"):
        since = fault["at"] if fault["kind"] == "kill" else fault["mended"]
        process = fault["target"].removeprefix("client-").partition("-")[0]
        seconds = found[_kind(fault)]
        seconds += _first(acknowledged, since, process if process in PROCESSES else None)
    return found


def _first(acknowledged: Sequence[Record], since: float, process: str | None) -> Iterator[float]:
    for record in acknowledged:
        if record["sent"] >= since and process in {None, record["via"]}:
            yield record["ended"] - since
            return
