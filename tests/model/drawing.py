"""What a history is made of, as Hypothesis draws it."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

Drawn = dict[str, Any]
"""The name of an act with what was drawn for it; a job or a lease is a `Place`."""
QUEUES = ("left", "right")


class Place(NamedTuple):
    """One of what clients know, so many before the latest; `apt`: of those to which the act can be done."""

    back: int
    apt: bool


seldom = st.sampled_from([False, False, False, True])


def _act(name: str, **fields: Any) -> st.SearchStrategy[Drawn]:
    return st.fixed_dictionaries({"act": st.just(name), **fields})


def _places(most: int) -> st.SearchStrategy[Place]:
    return st.builds(Place, st.integers(0, most), seldom.map(lambda rare: not rare))


queues = st.sampled_from(["left", "left", "right"])
workers = st.sampled_from(["w0", "w1", "w2"])
leases = st.sampled_from([None, None, 5, 60])


def _new_jobs(queue: st.SearchStrategy[str], later: Sequence[int]) -> st.SearchStrategy[Drawn]:
    return st.fixed_dictionaries(
        {"queue": queue},
        optional={
            "priority": st.integers(-1, 1),
            "delay_seconds": st.sampled_from(later),
            "max_retries": st.integers(0, 2),
            "timeout_seconds": st.sampled_from([1, 10, 300]),
            "idempotency_key": st.sampled_from(["k1", "k2", "k3"]),
            "expires_in": st.sampled_from([1, 10, 500]),
        },
    )


new_jobs = _new_jobs(queues, later=[0, 0, 1, 10, 500])
configs = st.fixed_dictionaries(
    {},
    optional={
        "max_retries": st.integers(0, 2),
        "timeout_seconds": st.sampled_from([1, 10, 300]),
        "retry_delay_seconds": st.sampled_from([0.0, 1.0, 7.0]),
        "backoff_multiplier": st.sampled_from([1.0, 2.0]),
        "backoff_max_seconds": st.sampled_from([5.0, 3600.0]),
        "concurrency": st.none() | st.integers(1, 3),
        "rate_limit": st.none() | st.integers(1, 4),
        "enabled": seldom.map(lambda rare: not rare),
    },
)


def _settling(name: str, reach: int, **fields: Any) -> st.SearchStrategy[Drawn]:
    """By whom: the holder, somebody else or nobody in particular; with a lease or without."""
    anybody = [] if name == "complete_and_claim" else [None]  # who claims has a name
    by = st.sampled_from(["holder", "holder", "holder", "w0", *anybody])
    return _act(name, hold=_places(reach), by=by, fenced=seldom.map(lambda rare: not rare), **fields)


@st.composite
def _steps(draw: st.DrawFn, queue: st.SearchStrategy[str]) -> list[Drawn]:
    return [
        {"key": f"s{n}", "queue": draw(queue), "depends_on": draw(_earlier(n)), **draw(_ways)}
        for n in range(draw(st.integers(2, 4)))
    ]


@st.composite
def graphs(draw: st.DrawFn) -> list[Drawn]:
    """Steps that wait for earlier ones, and seldom something that cannot be."""
    steps = draw(_steps(queues))
    wrong = draw(st.sampled_from([None] * 12 + ["key", "parent", "cycle"]))
    if wrong == "key":
        steps[-1]["key"] = "s0"
    elif wrong is not None:
        steps[0]["depends_on"] = ["nobody" if wrong == "parent" else steps[-1]["key"]]
        steps[-1]["depends_on"] = ["s0"]
    return steps


def _earlier(n: int) -> st.SearchStrategy[list[str]]:
    keys = [f"s{earlier}" for earlier in range(n)]
    return st.lists(st.sampled_from(keys), unique=True, max_size=2) if keys else st.just([])


_kinds_of_edge = st.sampled_from(["success", "success", "completion", "failure"])
_ways = st.fixed_dictionaries(
    {},
    optional={
        "dependency_mode": st.sampled_from(["all", "any"]),
        "dependency_type": _kinds_of_edge,
        "priority": st.integers(-1, 1),
        "max_retries": st.integers(0, 1),
        "timeout_seconds": st.sampled_from([1, 10, 300]),
    },
)


def acts(reach: int, of: Collection[str] = (), but: Collection[str] = ()) -> st.SearchStrategy[Drawn]:
    """One act of those, if any are named; of jobs and leases it names one of the latest `reach`."""
    kinds = _kinds(reach)
    able = [name for name in kinds if name in (of or kinds) and name not in but]
    names = [name for name in able for _ in range(_FREQUENT.get(name, 1))]
    return st.sampled_from(names).flatmap(kinds.__getitem__)


IN_WORKFLOWS = ("enqueue", "claim", "complete", "fail", "cancel", "retry", "retry_workflow", "depend")
_FREQUENT = {
    "cancel": 2,
    "enqueue": 3,
    "claim": 10,
    "complete": 8,
    "fail": 6,
    "retry": 2,
    "run_timers": 2,
    "create_workflow": 2,
    "retry_workflow": 3,
    "depend": 3,
}


_modes = st.sampled_from([None, "all", "any"])


def _kinds(reach: int) -> dict[str, st.SearchStrategy[Drawn]]:
    jobs, limits = _places(reach), st.sampled_from([1, 2, 5])
    some = st.lists(jobs, min_size=1, max_size=4)
    few = st.lists(jobs, min_size=1, max_size=2)
    kinds: list[tuple[str, Drawn]] = [
        ("enqueue", {"job": new_jobs}),
        ("enqueue_many", {"jobs": st.lists(new_jobs, min_size=1, max_size=4)}),
        ("claim", {"queue": queues, "worker": workers, "limit": limits, "lease": leases}),
        ("dequeue", {"queue": queues, "worker": workers, "lease": leases}),
        ("complete_many", {"holds": some}),
        ("cancel", {"job": jobs}),
        ("retry", {"job": jobs}),
        ("retry_dead", {"jobs": st.none() | some, "queue": st.none() | queues, "limit": limits}),
        ("purge_dead", {"queue": st.none() | queues, "limit": st.just(1)}),
        ("set_priority", {"job": jobs, "priority": st.integers(-2, 2)}),
        ("configure", {"queue": queues, "fields": configs}),
        ("pause", {"queue": queues, "reason": st.sampled_from([None, "why"])}),
        ("resume", {"queue": queues}),
        ("get", {"job": jobs}),
        ("run_timers", {}),
        ("create_workflow", {"steps": graphs()}),
        ("cancel_workflow", {"workflow": _places(1)}),
        ("retry_workflow", {"workflow": _places(1)}),
        ("depend", {"job": jobs, "parents": few, "mode": _modes, "kind": st.none() | _kinds_of_edge}),
    ]
    settling: list[tuple[str, Drawn]] = [
        ("complete", {"result": st.sampled_from([None, {"ok": True}])}),
        ("complete_and_claim", {"queue": queues}),
        ("fail", {"error": st.sampled_from(["broken", "worse"]), "no_retry": st.booleans()}),
        ("heartbeat", {"seconds": st.sampled_from([5, 60, 600])}),
        ("release", {"delay": st.sampled_from([0, 10])}),
    ]
    return {name: _act(name, **fields) for name, fields in kinds} | {
        name: _settling(name, reach, **fields) for name, fields in settling
    }


def _openings(queue: str, *made: st.SearchStrategy[Drawn]) -> st.SearchStrategy[list[Drawn]]:
    fields = configs.map(lambda fields: fields | {"enabled": True})
    return st.tuples(
        _act("configure", queue=st.just(queue), fields=fields),
        st.one_of(made),
        _act("claim", queue=st.just(queue), worker=workers, limit=st.just(3), lease=leases),
    ).map(list)


def _some_jobs(queue: str, least: int, most: int) -> st.SearchStrategy[Drawn]:
    jobs = _new_jobs(st.just(queue), later=[0])
    return _act("enqueue_many", jobs=st.lists(jobs, min_size=least, max_size=most))


def _workflow(queue: str) -> st.SearchStrategy[Drawn]:
    return _act("create_workflow", steps=_steps(st.just(queue)))


openings = queues.flatmap(lambda queue: _openings(queue, _some_jobs(queue, 3, 6), _workflow(queue)))
"""Some jobs or a workflow, of which some are held."""
workflows = queues.flatmap(lambda queue: _openings(queue, _workflow(queue)))
_rush_limits = st.sampled_from([(None, None), (None, None), (2, None), (None, 2)]).map(
    lambda limits: {"enabled": True, "concurrency": limits[0], "rate_limit": limits[1]}
)
rushes = queues.flatmap(
    lambda queue: st.tuples(
        _act("configure", queue=st.just(queue), fields=_rush_limits).map(lambda act: [act]),
        _some_jobs(queue, 2, 4).map(lambda act: [act]),
        st.lists(
            _act(
                "claim", queue=st.just(queue), worker=workers, limit=st.sampled_from([1, 2, 5]), lease=leases
            ),
            min_size=4,
            max_size=4,
        ),
    ).map(list)
)
"""Jobs that several ask for in the same instant."""
moves = _act("move_clock", seconds=st.sampled_from([0.25, 0.5, 1, 1, 5, 11, 61, 301, 90_000]))
