"""Every hour: expired proofs are forgotten, and secrets under a replaced SECRET_KEY are sealed anew."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.people.codes import forget_old_proofs
from shared.tenants.overlaps import forget_ended_overlaps
from shared.tenants.sessions import forget_expired_tokens, note_signing_secret
from shared.webhooks.resealing import reseal
from shared.webhooks.rotation import forget_ended_secrets


@every(3600)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Delete and seal in batches while there are some and the budget lasts."""
    deadline = monotonic() + budget_seconds
    await note_signing_secret(core, now)
    counts = {"forgotten": 0, "proofs": 0, "secrets": 0, "overlaps": 0}
    for name, forget in (
        ("forgotten", forget_expired_tokens),
        ("proofs", forget_old_proofs),
        ("secrets", forget_ended_secrets),
        ("overlaps", forget_ended_overlaps),
    ):
        while monotonic() < deadline and (forgotten := await forget(core, now)):
            counts[name] += forgotten
    return counts | {"resealed": await reseal(core, now, deadline)}


handler = run_once.handler
