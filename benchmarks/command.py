"""The command line of a module that measures figures."""

import argparse
import json
import signal
from collections.abc import Callable

from benchmarks.figure import ROUNDS, Figure, shown


def main(measure: Callable[[int], list[Figure]]) -> None:
    """Measure, print for a person, and last a line for a program: the figures as a JSON array.

    measure: takes the number of rounds, one or more.
    """
    # Whoever runs in the background has been told to ignore Ctrl-C, and would leave its servers running.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    figures = measure(max(1, parser.parse_args().rounds))
    for figure in figures:
        print(in_words(figure))
    print(json.dumps([figure.to_json() for figure in figures]))


def in_words(figure: Figure) -> str:
    """The figure, and below it what was measured."""
    low, high = map(shown, figure.spread)
    lines = [
        (
            f"{figure.name} {'met' if figure.is_met else 'NOT MET'}: {shown(figure.value)} {figure.unit}"
            f" ({low} to {high}), goal {figure.goal_is} {figure.goal:g}: {figure.what}"
        )
    ]
    lines += [f"  {name}: {shown(value)}" for name, value in figure.beside.items()]
    if figure.note:
        lines.append(f"  {figure.note}")
    return "\n".join(lines)
