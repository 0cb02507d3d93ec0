"""The plans: what each allows, and what an organization's own limits change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

_KB = 1024
_MB = 1024 * _KB
TIERS = ("free", "starter", "pro", "enterprise")


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What an organization may have at once; None is no limit, 0 is a feature that is off."""

    tier: str
    display_name: str
    max_jobs_per_day: int | None
    max_active_jobs: int | None
    max_queues: int | None
    max_workers: int | None
    max_api_keys: int | None
    max_schedules: int | None
    max_workflows: int | None
    max_webhooks: int | None
    max_payload_size_bytes: int
    rate_limit_requests_per_second: int
    rate_limit_burst: int
    job_retention_days: int
    history_retention_days: int

    @property
    def upgrade_to(self) -> str | None:
        """The plan that allows more, None on the largest."""
        return next((tier for tier in TIERS[TIERS.index(self.tier) + 1 :]), None)

    def answer(self) -> dict[str, Any]:
        """The limits as the API shows them."""
        return asdict(self)


PLANS = {
    "free": PlanLimits(
        tier="free",
        display_name="Free",
        max_jobs_per_day=1_000,
        max_active_jobs=10,
        max_queues=2,
        max_workers=1,
        max_api_keys=2,
        max_schedules=1,
        max_workflows=0,
        max_webhooks=1,
        max_payload_size_bytes=256 * _KB,
        rate_limit_requests_per_second=5,
        rate_limit_burst=10,
        job_retention_days=1,
        history_retention_days=1,
    ),
    "starter": PlanLimits(
        tier="starter",
        display_name="Starter",
        max_jobs_per_day=10_000,
        max_active_jobs=500,
        max_queues=10,
        max_workers=5,
        max_api_keys=10,
        max_schedules=10,
        max_workflows=5,
        max_webhooks=5,
        max_payload_size_bytes=512 * _KB,
        rate_limit_requests_per_second=25,
        rate_limit_burst=50,
        job_retention_days=7,
        history_retention_days=7,
    ),
    "pro": PlanLimits(
        tier="pro",
        display_name="Pro",
        max_jobs_per_day=100_000,
        max_active_jobs=5_000,
        max_queues=50,
        max_workers=25,
        max_api_keys=50,
        max_schedules=100,
        max_workflows=50,
        max_webhooks=25,
        max_payload_size_bytes=_MB,
        rate_limit_requests_per_second=100,
        rate_limit_burst=200,
        job_retention_days=30,
        history_retention_days=30,
    ),
    "enterprise": PlanLimits(
        tier="enterprise",
        display_name="Enterprise",
        max_jobs_per_day=None,
        max_active_jobs=None,
        max_queues=None,
        max_workers=None,
        max_api_keys=None,
        max_schedules=None,
        max_workflows=None,
        max_webhooks=None,
        max_payload_size_bytes=5 * _MB,
        rate_limit_requests_per_second=500,
        rate_limit_burst=1_000,
        job_retention_days=90,
        history_retention_days=90,
    ),
}
LIMIT_NAMES = tuple(field.name for field in fields(PlanLimits) if field.name not in {"tier", "display_name"})
COUNTED = tuple(name for name in LIMIT_NAMES if name.startswith("max_") and name != "max_payload_size_bytes")
"""The limits that may be lifted: null is no limit."""


def limits_of(tier: str, custom_limits: Mapping[str, Any] | None) -> PlanLimits:
    """An organization's limits: its plan's, with its own in their place; what is no limit is passed over."""
    own = {
        name: value
        for name, value in (custom_limits or {}).items()
        if name in LIMIT_NAMES and ((value is None and name in COUNTED) or _is_limit(value))
    }
    return replace(PLANS[tier], **own) if own else PLANS[tier]


def _is_limit(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
