"""What will go wrong and when, drawn from a seed: the same seed, the same plan."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

PROCESSES = ("a", "b", "streams")
"""Two that serve HTTP, gRPC and run the timers, and one of the streams alone."""
LINKS = tuple(
    [f"{process}-{server}" for process in PROCESSES for server in ("postgres", "redis")]
    + [f"client-{process}" for process in PROCESSES]
)
KILLS = (*PROCESSES, "postgres", "redis", "backend")
"""`backend` is one process of PostgreSQL's: all its connections end, and it recovers by itself."""
RECEIVER = "receiver"
"""Who is called by webhooks."""
WEBHOOKS = f"service-{RECEIVER}"
"""The link to it."""
CUTS = ("reset", "refuse", "hold", "slow", "mute", "lose")
"""Of a link: its connections break; new ones are refused too; bytes wait; each part is late; what is sent
over the open ones is lost, both ways; only answers are."""
_LASTING = {"refuse", "hold", "slow"}
_LONGEST_SECONDS = 8.0
_QUIET_SECONDS = 1.5
"""At the beginning, so that there is something to lose."""
ROUND_SECONDS = 120.0
BAD_SECONDS = 30.0
"""Of each round, in which webhooks may begin to go wrong. What fails is sent again after a minute, then five,
then thirty: so the second attempt comes while all is well, and no run has to wait for a fourth."""
WELL_SECONDS = 200.0
"""At the end, in which the receiver is well: what failed last has its time to come again."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    at: seconds after the beginning of the load.
    kind: `kill`, `freeze` (the process is stopped, and goes on), `error` (the receiver of webhooks answers
        5xx), or one of CUTS.
    target: a process or server for the first two, a link for cuts.
    seconds: until it is started again, goes on or is mended. A link to a server that is mute or loses answers
        is not mended: the service has to find out.
    """

    at: float
    kind: str
    target: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def plan(seed: int, seconds: float, gap_seconds: float = 5.0) -> list[Fault]:
    """Faults for a load of that length, one each `gap_seconds` or so; they may overlap.

    All that can go wrong does once before anything does for the second time, kills twice as often as cuts.
    What webhooks meet is drawn beside that, and comes at the beginning of each two minutes.
    """
    dice = random.Random(f"plan {seed}")
    faults = []
    deck = _decks(dice)
    at = _QUIET_SECONDS
    while at < seconds:
        kind, target = next(deck)
        faults.append(Fault(round(at, 3), kind, target, _length(dice, kind, target)))
        at += dice.uniform(0.2, 1.8) * gap_seconds
    faults += _of_webhooks(seed, seconds, gap_seconds)
    return sorted(faults, key=lambda fault: fault.at)


def short_plan(seed: int, seconds: float) -> list[Fault]:
    """A kill of each kind and a cut of each kind, in an order of the seed, within that time.

    And answers of PostgreSQL are lost in any case: who was told of a commit and who was not differ there.
    """
    dice = random.Random(f"plan {seed}")
    wanted = [("kill", target) for target in KILLS] + [(kind, dice.choice(LINKS)) for kind in CUTS]
    wanted.append(("lose", dice.choice(["a-postgres", "b-postgres"])))
    wanted += [("kill", RECEIVER), ("error", RECEIVER), (dice.choice(CUTS), WEBHOOKS)]
    dice.shuffle(wanted)
    step = (seconds - _QUIET_SECONDS) / len(wanted)
    return [
        Fault(round(_QUIET_SECONDS + number * step, 3), kind, target, round(dice.uniform(0.1, 1.0), 3))
        for number, (kind, target) in enumerate(wanted)
    ]


def _of_webhooks(seed: int, seconds: float, gap_seconds: float) -> Iterator[Fault]:
    dice = random.Random(f"webhooks {seed}")
    deck: list[tuple[str, str]] = []
    at = _QUIET_SECONDS
    while at < seconds - WELL_SECONDS:
        if at % ROUND_SECONDS < BAD_SECONDS:
            if not deck:
                deck = [(kind, WEBHOOKS) for kind in CUTS] + [("kill", RECEIVER), ("error", RECEIVER)]
                dice.shuffle(deck)
            yield Fault(round(at, 3), *deck.pop(), round(dice.uniform(0.3, _LONGEST_SECONDS), 3))
        at += dice.uniform(0.2, 1.8) * gap_seconds


def _decks(dice: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        deck = [("kill", target) for target in KILLS] * 4
        deck += [("freeze", process) for process in PROCESSES]
        deck += [(kind, link) for link in LINKS for kind in CUTS]
        dice.shuffle(deck)
        yield from deck


def _length(dice: random.Random, kind: str, target: str) -> float:
    if kind == "kill":
        # Mostly at once, as a supervisor does.
        return round(dice.choice([0.0, 0.0, dice.uniform(0, 4)]), 3)
    if kind == "freeze" or kind in _LASTING or target.startswith("client-"):
        return round(dice.uniform(0.3, _LONGEST_SECONDS), 3)
    return 0.0
