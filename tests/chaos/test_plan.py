"""A plan is the seed's, and nothing that can go wrong is left out of it."""

from tests.chaos.plan import (
    CUTS,
    KILLS,
    LINKS,
    PROCESSES,
    RECEIVER,
    WEBHOOKS,
    WELL_SECONDS,
    Fault,
    plan,
    short_plan,
)

RECEIVERS = {("kill", RECEIVER), ("error", RECEIVER)}


def test_a_seed_is_a_plan() -> None:
    """The same seed gives the same faults at the same times, another seed others."""
    assert plan(7, 600) == plan(7, 600)
    assert short_plan(7, 12) == short_plan(7, 12)
    assert plan(7, 600) != plan(8, 600)


def test_a_long_plan_has_every_fault() -> None:
    """All processes and servers are killed, processes are stopped, and each link is cut in each way."""
    faults = plan(1, 3600)
    wanted = {("kill", target) for target in KILLS} | {("freeze", process) for process in PROCESSES}
    wanted |= {(kind, link) for kind in CUTS for link in (*LINKS, WEBHOOKS)} | RECEIVERS

    assert {(fault.kind, fault.target) for fault in faults} == wanted
    assert all(0 < fault.at < 3600 for fault in faults)


def test_a_short_plan_has_every_kind() -> None:
    """What CI goes through has each kill and each kind of cut, whatever the seed, within its time."""
    for seed in range(20):
        faults = short_plan(seed, 12)

        assert {fault.target for fault in faults if fault.kind == "kill"} == {*KILLS, RECEIVER}
        assert {fault.kind for fault in faults} == {"kill", "error", *CUTS}
        assert [fault.kind in CUTS for fault in faults if fault.target == WEBHOOKS] == [True]
        assert {"a-postgres", "b-postgres"} & {fault.target for fault in faults if fault.kind == "lose"}
        assert all(0 < fault.at < 12 for fault in faults)


def test_a_webhook_that_failed_comes_again_while_the_receiver_is_well() -> None:
    """Within a minute of a fault of webhooks none begins that was not under way, nor late in the run."""
    for seed in range(20):
        faults = [fault for fault in plan(seed, 1200) if _is_of_webhooks(fault)]

        assert faults
        assert all(fault.at < 1200 - WELL_SECONDS for fault in faults)
        for fault in faults:
            second = fault.at + 60, fault.at + fault.seconds + 70
            assert not [f for f in faults if f.at < second[1] and f.at + f.seconds > second[0]]


def _is_of_webhooks(fault: Fault) -> bool:
    return fault.target in {RECEIVER, WEBHOOKS}
