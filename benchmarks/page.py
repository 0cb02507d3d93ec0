"""docs/performance.md, written from the results: `python -m benchmarks --page`."""

from benchmarks.figure import Figure, shown
from benchmarks.pictures import pictures
from benchmarks.results import FILE, Failure, Results
from benchmarks.wanted import NEEDS, NOT_MEASURED, WANTED

PAGE = FILE.with_suffix(".md")
PICTURES = FILE.parent / "pictures"
_ALT = {
    "goals.svg": "Each figure against its goal",
    "batches.svg": "Jobs a second by the size of a batch",
    "backlog.svg": "Milliseconds of a claim by what waits",
    "snapshot.svg": "Milliseconds of a claim by the age of the oldest snapshot",
}
_INTRODUCTION = """\
# Performance

How fast Spooled is, beside what it is compared with. Written by `make bench` from what it measured; \
`performance.json` has the same for programs.

| Command | What it does | Takes |
|---|---|---|
| `make bench` | measures every figure, writes this page | less than 15 minutes |
| `make bench-full` | the same with more rounds, and what takes long at its full length | an hour or two |
| `make bench ONLY=P1,P2` | these alone; the others stay as they were | a minute each |

It starts servers of its own, in a folder that it removes. Nothing else has to run. `wrk`, where it is \
installed, makes the load of P1, P2 and P3; else a client in Python does, on both sides of a ratio.

A figure is a **ratio** wherever it can be. Two things are measured in turn in the same run, so that a slow \
machine, or a busy one, slows both. The value is the median of the rounds; beside it stand the lowest and \
the highest round. Absolute numbers are of the machine that they were taken on.
"""


def rendered(results: Results) -> str:
    """The page."""
    parts = [_INTRODUCTION, _machine(results), "", *_table(results), ""]
    parts += [f"![{_ALT[file]}](pictures/{file})\n" for file in pictures(results)]
    for name, title in WANTED.items():
        parts += [f"## {name}: {title}\n", *_section(name, results)]
    return "\n".join(parts).rstrip() + "\n"


def write_page(results: Results) -> None:
    """The page and its pictures; a picture that is no longer drawn is removed."""
    PAGE.write_text(rendered(results), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    drawn = pictures(results)
    for file in PICTURES.glob("*.svg"):
        if file.name not in drawn:
            file.unlink()
    for name, content in drawn.items():
        (PICTURES / name).write_bytes(content)


def _machine(results: Results) -> str:
    facts = ", ".join(f"{what} {value}" for what, value in results.machine.items())
    rounds = f"{results.rounds} rounds where a command names no others"
    return f"Taken on {results.taken}, {rounds}, on a machine with: {facts}.\n"


def _table(results: Results) -> list[str]:
    lines = ["| | What | Goal | Measured | Lowest to highest | |", "|---|---|---|---:|---|---|"]
    for name, title in WANTED.items():
        lines += [_row(figure) for figure in results.named(name)]
        lines += [f"| {name} | {title} | | | | **failed** |" for _ in _failures(name, results)]
        if not results.named(name) and not _failures(name, results):
            lines.append(f"| {name} | {title} | | | | not measured |")
    return lines


def _row(figure: Figure) -> str:
    low, high = map(shown, figure.spread)
    return (
        f"| {figure.name} | {figure.what} | {figure.goal_is} {_with_unit(f'{figure.goal:g}', figure)}"
        f" | {_with_unit(shown(figure.value), figure)} | {low} to {high}"
        f" | {'met' if figure.is_met else '**not met**'} |"
    )


def _with_unit(number: str, figure: Figure) -> str:
    return number if figure.unit == "ratio" else f"{number} {figure.unit}"


def _failures(name: str, results: Results) -> list[Failure]:
    return [failure for failure in results.failures if failure.name == name]


def _section(name: str, results: Results) -> list[str]:
    parts = []
    for figure in results.named(name):
        parts.append(f"{figure.what[0].upper()}{figure.what[1:]}. Again: `{figure.command}`\n")
        if figure.note:
            parts.append(f"{figure.note}\n")
        if figure.beside:
            rows = [f"| {what} | {shown(value)} |" for what, value in figure.beside.items()]
            parts += ["| Measured | |", "|---|---:|", *rows, ""]
    for failure in _failures(name, results):
        parts += [f"**Failed.** Again: `{failure.command}`\n", f"```\n{failure.why}\n```\n"]
    if not parts:
        parts.append(f"Not measured: {_reason(name)}.\n")
    return parts


def _reason(name: str) -> str:
    """Why there is nothing to show, whatever was given when the page was written."""
    if name in NEEDS:
        return f"give `{NEEDS[name]}=DIR`, see [peers](peers.md)"
    return NOT_MEASURED.get(name, "no run has measured it yet")
