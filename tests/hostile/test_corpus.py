"""What coverage-guided fuzzing begins with, and what it has found: `make fuzz` looks for more."""

import pytest

from tests.fuzz.targets import TARGETS, checked

SEEDS = [(name, seed) for name, (_, seeds) in TARGETS.items() for seed in seeds]


@pytest.mark.parametrize(("name", "seed"), SEEDS, ids=lambda value: value if isinstance(value, str) else "")
def test_no_seed_breaks_a_promise(name: str, seed: bytes) -> None:
    """Each is read or refused, quickly and in few words."""
    checked(TARGETS[name][0])(seed)
