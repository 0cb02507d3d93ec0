"""Answers about plans and what is used of them."""

from typing import Literal

from shared.wire.vocabulary import AnswerModel


class PlanLimitsAnswer(AnswerModel):
    """What a plan allows; null is no limit, 0 is a feature that is off."""

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


class UsageItem(AnswerModel):
    """One figure against its limit."""

    current: int
    limit: int | None
    percentage: float | None
    is_disabled: bool


class UsageItems(AnswerModel):
    """All figures that a plan limits."""

    jobs_today: UsageItem
    active_jobs: UsageItem
    queues: UsageItem
    workers: UsageItem
    api_keys: UsageItem
    schedules: UsageItem
    workflows: UsageItem
    webhooks: UsageItem


class UsageWarning(AnswerModel):
    """A limit that is near or reached."""

    resource: str
    message: str
    severity: Literal["warning", "critical"]
    current: int | None
    limit: int | None


class UsageInfoAnswer(AnswerModel):
    """Plan, limits and what is used of them."""

    plan: str
    plan_display_name: str
    limits: PlanLimitsAnswer
    usage: UsageItems
    warnings: list[UsageWarning]
