"""The graph of a workflow's steps: known keys, no cycle."""

from collections.abc import Mapping, Sequence

from shared.errors import InvalidInputError


def check_graph(steps: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Raise InvalidInputError, naming the offender, unless every step can run some day.

    `steps` are the keys and, for each, the keys that it depends on.
    """
    parents: dict[str, Sequence[str]] = {}
    for index, (key, depends_on) in enumerate(steps):
        if key in parents:
            raise InvalidInputError.of_field(
                f"jobs.{index}.key", f"{key!r} names two jobs; give each its own key", "duplicate_key"
            )
        parents[key] = depends_on
    for index, (key, depends_on) in enumerate(steps):
        for parent in depends_on:
            if parent not in parents:
                raise InvalidInputError.of_field(
                    f"jobs.{index}.depends_on",
                    f"{key!r} depends on {parent!r}, which is no job of this workflow",
                    "unknown_key",
                )
    cycle = _find_cycle(parents)
    if cycle:
        raise InvalidInputError.of_field(
            "jobs", f"the dependencies form a cycle: {' -> '.join([*cycle, cycle[0]])}", "cycle"
        )


def _find_cycle(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """The keys of one cycle, each depending on the next; empty when there is none."""
    unmet = {key: len(set(depends_on)) for key, depends_on in parents.items()}
    children: dict[str, list[str]] = {key: [] for key in parents}
    for key, depends_on in parents.items():
        for parent in set(depends_on):
            children[parent].append(key)
    runnable = [key for key, count in unmet.items() if count == 0]
    while runnable:
        key = runnable.pop()
        del unmet[key]
        for child in children[key]:
            unmet[child] -= 1
            if unmet[child] == 0:
                runnable.append(child)
    if not unmet:
        return []
    # Every step that is left depends on another that is left: walking up must come round.
    walked: list[str] = []
    key = next(iter(unmet))
    while key not in walked:
        walked.append(key)
        key = next(parent for parent in parents[key] if parent in unmet)
    return walked[walked.index(key) :]
