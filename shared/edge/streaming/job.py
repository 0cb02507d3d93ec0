"""Following one job, from how it stands to its end."""

from functools import partial
from typing import Any

from shared import ids
from shared.core import Core
from shared.edge.streaming.selection import Selection
from shared.jobs.watch import CHANGES_OF_A_JOB, is_settled, present_status
from shared.live import LiveEvent
from shared.tenants.caller import Caller

_ENDS = {"JobCompleted", "JobFailed"}


def selection_of_job(core: Core, public_id: str) -> Selection:
    """The status of a job, then what changes of it, until it has come to its end."""
    job_id = ids.decode("job", public_id)
    return Selection(
        job_id=ids.encode("job", job_id),
        types=CHANGES_OF_A_JOB,
        present=partial(_present, core, public_id),
        is_last=_is_last,
    )


async def _present(core: Core, public_id: str, caller: Caller) -> tuple[str, dict[str, Any]]:
    return "JobStatusChange", await present_status(core, caller, public_id, core.clock())


def _is_last(event: LiveEvent) -> bool:
    if event.type == "JobStatusChange":
        # One that says how it came to this end follows in the same breath: such an id has a part.
        return is_settled(event.data["new_status"]) and "." not in event.id
    return event.type in _ENDS and not event.data.get("will_retry")
