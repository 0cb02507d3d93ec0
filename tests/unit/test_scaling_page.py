"""The arithmetic of docs/scaling.md is right."""

import re
from pathlib import Path

from benchmarks.lifecycle_cost import UTILISATION

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
CORES = 8


def test_the_table_follows_from_the_costs() -> None:
    """What n nodes carry is nodes, cores and utilisation over the cost that stands above, in hundreds."""
    text = PAGE.read_text(encoding="utf-8")
    costs = [float(cost) for cost in re.findall(r"\| ([\d.]+) ms \|$", text, re.MULTILINE)]
    rows = re.findall(r"^\| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", text, re.MULTILINE)

    assert f"With {CORES} cores a node and a utilisation of {UTILISATION:.0%}".replace("%", " %") in text
    assert [[int(rate.replace(",", "")) for rate in rates] for _, *rates in rows] == [
        [round(int(nodes) * CORES * UTILISATION * 1000 / cost, -2) for cost in costs] for nodes, *_ in rows
    ]
    assert (len(costs), len(rows)) == (3, 5)
