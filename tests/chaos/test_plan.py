"""A plan is the seed's, and nothing that can go wrong is left out of it."""

from tests.chaos.plan import CUTS, KILLS, LINKS, PROCESSES, plan, short_plan


def test_a_seed_is_a_plan() -> None:
    """The same seed gives the same faults at the same times, another seed others."""
    assert plan(7, 600) == plan(7, 600)
    assert short_plan(7, 12) == short_plan(7, 12)
    assert plan(7, 600) != plan(8, 600)


def test_a_long_plan_has_every_fault() -> None:
    """All processes and servers are killed, processes are stopped, and each link is cut in each way."""
    faults = plan(1, 3600)
    wanted = {("kill", target) for target in KILLS} | {("freeze", process) for process in PROCESSES}
    wanted |= {(kind, link) for kind in CUTS for link in LINKS}

    assert {(fault.kind, fault.target) for fault in faults} == wanted
    assert all(0 < fault.at < 3600 for fault in faults)


def test_a_short_plan_has_every_kind() -> None:
    """What CI goes through has each kill and each kind of cut, whatever the seed, within its time."""
    for seed in range(20):
        faults = short_plan(seed, 12)

        assert {fault.target for fault in faults if fault.kind == "kill"} == set(KILLS)
        assert {fault.kind for fault in faults} == {"kill", *CUTS}
        assert {"a-postgres", "b-postgres"} & {fault.target for fault in faults if fault.kind == "lose"}
        assert all(0 < fault.at < 12 for fault in faults)
