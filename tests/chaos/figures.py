"""What a run comes to, in figures: counted from its log."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.checker.verdict import Verdict
from tests.chaos.log import Record
from tests.chaos.plan import CUTS, PROCESSES, RECEIVER, WEBHOOKS, Fault

_READS = {"read", "stats"}


def summary(seed: int, plan: Sequence[Fault], records: Sequence[Record], verdict: Verdict) -> str:
    """The text that is printed at the end."""
    requests = [record for record in records if record["what"] == "request" and record["op"] not in _READS]
    outcomes = Counter(record["outcome"] for record in requests)
    what = Counter(record["what"] for record in records)
    found = Counter(record["status"] for record in records if record["what"] == "found")
    accepted = Counter(r["delivery"] for r in records if r["what"] == "called" and r["accepted"])
    again = accepted.total() - len(accepted)
    slots = sum(len(record["runs"]) for record in records if record["what"] == "runs")
    slowest = max((record["ended"] - record["sent"] for record in requests if record["status"]), default=0.0)
    streamed = Counter(r["kind"] for r in records if r["what"] == "handed" and r["stream"])
    by_stream, by_talk = streamed["stream"], streamed["claim"]
    acts = [record for record in records if record["what"] == "found act"]
    lines = [
        f"seed {seed}: {len(plan)} faults planned",
        f"requests {len(requests)}: {outcomes['yes']} acknowledged, {outcomes['no']} refused or never sent",
        f"{outcomes['unknown']} ambiguous; the slowest answer took {slowest:.1f} s",
        f"jobs {found.total()}: " + ", ".join(f"{count} {state}" for state, count in sorted(found.items())),
        f"handed out {what['handed']} times, {by_stream} of them by StreamJobs, {by_talk} by ProcessJobs",
        f"webhooks called {what['called']} times: {accepted.total()} accepted, {again} of them once more",
        f"{slots} slots fired; {what['found workflow']} workflows; {what['cancel']} cancels",
        f"{len(acts)} acts on many jobs, which changed {sum(record['done'] for record in acts)}",
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

    Of a request that was sent after it and went to the process concerned, or to any where it concerns all; to
    the first accepted call where the receiver of webhooks is concerned.
    """
    accepted = [record["at"] for record in records if record["what"] == "called" and record["accepted"]]
    acknowledged = sorted(
        (record for record in records if record["what"] == "request" and record["outcome"] == "yes"),
        key=lambda record: float(record["ended"]),
    )
    found: dict[str, list[float]] = defaultdict(list)
    for fault in (record for record in records if record["what"] == "fault"):
        is_receiver = fault["target"] in {RECEIVER, WEBHOOKS}
        since = fault["at"] if fault["kind"] == "kill" and not is_receiver else fault["mended"]
        if is_receiver:
            found[_kind(fault)] += [next((at for at in accepted if at >= since), since) - since]
            continue
        process = fault["target"].removeprefix("client-").partition("-")[0]
        seconds = found[_kind(fault)]
        seconds += _first(acknowledged, since, process if process in PROCESSES else None)
    return found


def _first(acknowledged: Sequence[Record], since: float, process: str | None) -> Iterator[float]:
    for record in acknowledged:
        if record["sent"] >= since and process in {None, record["via"]}:
            yield record["ended"] - since
            return
