"""The pictures of docs/performance.md. The same results give the same bytes."""

import re
from collections import defaultdict
from collections.abc import Mapping
from math import ceil, floor, log10
from typing import Any

import pygal
from pygal.style import Style

from benchmarks.figure import Figure, shown
from benchmarks.results import Results

_STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    colors=("#2a6f97", "#bc4749", "#6a994e", "#8d6b94"),
    label_font_size=12,
    major_label_font_size=12,
    value_font_size=11,
    legend_font_size=12,
    title_font_size=16,
)
_POINT = re.compile(r"(?P<line>.+) at (?P<size>[\d.]+) (?P<of>.+)")
_CURVES = {
    "batches.svg": ("P3", "Jobs a second, made and worked off, by the size of a batch"),
    "backlog.svg": ("P6", "Milliseconds of a claim, by what waits"),
    "snapshot.svg": ("P7", "Milliseconds of a claim, by the age of the oldest snapshot"),
}


def pictures(results: Results) -> dict[str, bytes]:
    """An SVG for each file name; what was not measured has none."""
    drawn = {"goals.svg": _goals(results)} if results.figures else {}
    for file, (name, title) in _CURVES.items():
        if lines := curves(results.beside(name)):
            drawn[file] = curve(title, lines)
    return drawn


def curves(beside: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The lines in what was measured: `claim ms at 1000 waiting jobs` is a point of the line `claim ms`."""
    lines: defaultdict[str, dict[str, float]] = defaultdict(dict)
    points = [(found, value) for what, value in beside.items() if (found := _POINT.fullmatch(what))]
    for found, value in sorted(points, key=lambda point: float(point[0]["size"])):
        lines[found["line"]][f"{float(found['size']):,.10g} {found['of']}"] = value
    return {line: sizes for line, sizes in lines.items() if len(sizes) > 1}


def share_of_goal(figure: Figure) -> float:
    """1 where the goal is just met, more where there is room, up to 3."""
    low, high = (figure.goal, figure.value) if figure.goal_is == "at least" else (figure.value, figure.goal)
    return min(3.0, high / low) if low > 0 else 3.0


def _goals(results: Results) -> bytes:
    chart = pygal.HorizontalBar(
        **_common(height=120 + 34 * len(results.figures)),
        title="Measured against the goal: 1 is the goal, further is better, 3 is where the bars end",
        show_legend=False,
        range=(0, 3),
        y_labels=(0, 1, 2, 3),
    )
    # The lowest bar is the first.
    figures = [*reversed(results.figures)]
    chart.x_labels = [_says(figure) for figure in figures]
    chart.add(
        "",
        [
            {
                "value": share_of_goal(figure),
                "color": _STYLE.colors[0 if figure.is_met else 1],
            }
            for figure in figures
        ],
    )
    return _svg(chart)


def _says(figure: Figure) -> str:
    return f"{figure.name}: {shown(figure.value)} {figure.unit}, goal {figure.goal_is} {figure.goal:g}"


def curve(title: str, lines: Mapping[str, Mapping[str, float]]) -> bytes:
    sizes = list(dict.fromkeys(size for points in lines.values() for size in points))
    values = [value for points in lines.values() for value in points.values()]
    chart = pygal.Line(**_common(height=400), title=title, legend_at_bottom=True, logarithmic=True)
    chart.value_formatter = shown
    chart.y_labels = [10.0**power for power in range(floor(log10(min(values))), ceil(log10(max(values))) + 1)]
    chart.x_labels = sizes
    for line, points in lines.items():
        chart.add(line, [points.get(size) for size in sizes], allow_interruptions=True)
    return _svg(chart)


def _common(height: int) -> dict[str, Any]:
    return {"style": _STYLE, "width": 900, "height": height, "js": [], "no_prefix": True}


def _svg(chart: Any) -> bytes:
    chart.add_xml_filter(_without_date)
    return bytes(chart.render()) + b"\n"


def _without_date(root: Any) -> Any:
    """A comment says when the picture was drawn, and a script is for pages that nobody embeds it in."""
    for child in [*root.iter()]:
        for inner in [*child]:
            if not isinstance(inner.tag, str) or inner.tag.endswith("script"):
                child.remove(inner)
    return root
