"""Requests and answers of the administration."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue

from shared.admin.organizations import AdminChanges, OrganizationFilter
from shared.json_text import json_text
from shared.limits.plans import COUNTED
from shared.wire.tenants import (
    ChangeOrganization,
    CreatedOrganizationAnswer,
    CreateOrganization,
    KeyQueues,
    KeyRateLimit,
    Name,
    OrganizationAnswer,
    organization_settings_text,
)
from shared.wire.usage import UsageInfoAnswer
from shared.wire.vocabulary import AnswerModel, Flag, Instant, Int, RequestModel

PlanTier = Literal["free", "starter", "pro", "enterprise"]
SubscriptionStatus = Literal["active", "past_due", "canceled", "unpaid", "trialing", "incomplete"]
StripeId = Annotated[str, Field(min_length=1, max_length=255)]
Limit = Annotated[Int, Field(ge=0, le=2_147_483_647)]
Positive = Annotated[Int, Field(ge=1, le=2_147_483_647)]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class CustomLimits(RequestModel):
    """Limits in place of the plan's; null lifts one that counts things."""

    keeps_null: ClassVar[frozenset[str]] = frozenset(COUNTED)
    max_jobs_per_day: Limit | None = None
    max_active_jobs: Limit | None = None
    max_queues: Limit | None = None
    max_workers: Limit | None = None
    max_api_keys: Limit | None = None
    max_schedules: Limit | None = None
    max_workflows: Limit | None = None
    max_webhooks: Limit | None = None
    max_payload_size_bytes: Positive | None = None
    rate_limit_requests_per_second: Positive | None = None
    rate_limit_burst: Positive | None = None
    job_retention_days: Limit | None = None
    history_retention_days: Limit | None = None

    def text(self) -> str | None:
        """What is kept: what the request names, None when that is nothing."""
        given = self.model_dump(exclude_unset=True)
        return json_text(given, "custom_limits") if given else None


class AdminCreateOrganization(CreateOrganization):
    """A new tenant on any plan."""

    plan_tier: PlanTier = "free"
    settings: dict[str, JsonValue] | None = None
    custom_limits: CustomLimits | None = None

    def settings_text(self) -> str:
        return organization_settings_text(self.settings or {})


class AdminChangeOrganization(ChangeOrganization):
    """What to change; what is not named stays. `custom_limits` null or `{}` goes back to the plan's own."""

    keeps_null: ClassVar[frozenset[str]] = frozenset({"custom_limits"})
    plan_tier: PlanTier | None = None
    is_active: Flag | None = None
    custom_limits: CustomLimits | None = None
    stripe_customer_id: StripeId | None = None
    stripe_subscription_id: StripeId | None = None
    stripe_subscription_status: SubscriptionStatus | None = None

    def admin_changes(self) -> AdminChanges:
        own = self.changes()
        return AdminChanges(
            name=own.name,
            billing_email=own.billing_email,
            description=own.description,
            logo_url=own.logo_url,
            settings=own.settings,
            lifted=own.lifted,
            plan_tier=self.plan_tier,
            is_active=self.is_active,
            sets_custom_limits="custom_limits" in self.model_fields_set,
            custom_limits=None if self.custom_limits is None else self.custom_limits.text(),
            stripe_customer_id=self.stripe_customer_id,
            stripe_subscription_id=self.stripe_subscription_id,
            stripe_subscription_status=self.stripe_subscription_status,
        )


class AdminListQuery(RequestModel):
    """Filters and page of the list of organizations."""

    plan_tier: PlanTier | None = None
    search: (
        Annotated[str, Field(max_length=255, description="Part of name, slug or billing email.")] | None
    ) = None
    sort_by: Literal["created_at", "updated_at", "name", "slug", "plan_tier"] = "created_at"
    sort_order: Annotated[Literal["asc", "desc"], BeforeValidator(_lower)] = "desc"
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def filter(self) -> OrganizationFilter:
        return OrganizationFilter(
            plan_tier=self.plan_tier,
            search=self.search or None,
            limit=self.limit,
            offset=self.offset,
            sort_by=self.sort_by,
            descending=self.sort_order == "desc",
        )


class AdminDeleteQuery(RequestModel):
    """How to delete."""

    hard_delete: Annotated[bool, Field(description="Delete its rows too, not only close it.")] = False


class AdminCreateKey(RequestModel):
    """A new API key of any organization."""

    name: Name = Field(examples=["Support"])
    queues: KeyQueues | None = None
    rate_limit: KeyRateLimit | None = None
    expires_at: Instant | None = None


class AdminKeyAnswer(AnswerModel):
    """A key that is shown this once."""

    id: str
    key: str
    name: str
    created_at: datetime
    expires_at: datetime | None


class AdminUsage(AnswerModel):
    """Figures of one organization."""

    jobs_today: int
    active_jobs: int
    queues: int
    workers: int
    api_keys: int


class ResourceCounts(AdminUsage):
    """All that a plan limits."""

    schedules: int
    workflows: int
    webhooks: int


class AdminItemAnswer(AnswerModel):
    """An organization in the list."""

    id: str
    name: str
    slug: str
    plan_tier: str
    billing_email: str | None
    is_active: bool
    jobs_today: int
    active_jobs: int
    created_at: datetime
    updated_at: datetime
    usage: AdminUsage


class AdminListAnswer(AnswerModel):
    """A page of organizations."""

    organizations: list[AdminItemAnswer]
    total: int
    limit: int
    offset: int


class AdminCreatedAnswer(CreatedOrganizationAnswer):
    """The new tenant with its first key."""

    api_key_id: str


class AdminOrganizationAnswer(OrganizationAnswer):
    """A tenant, with what only administrators see."""

    is_active: bool


class AdminOrganizationDetailAnswer(AdminOrganizationAnswer):
    """A tenant with all its figures."""

    usage: AdminUsage
    usage_info: UsageInfoAnswer
    api_keys_count: int
    total_jobs: int
    resource_counts: ResourceCounts


class ResetUsageAnswer(AnswerModel):
    """The day's count begins again."""

    reset: bool
    organization_id: str


class PlanCount(AnswerModel):
    """Organizations of a plan."""

    plan: str
    count: int


class AdminOrganizationStats(AnswerModel):
    """Organizations in figures."""

    total: int
    by_plan: list[PlanCount]
    created_today: int
    created_this_week: int


class AdminJobStats(AnswerModel):
    """Jobs of all organizations."""

    total_active: int
    pending: int
    processing: int
    completed_24h: int
    failed_24h: int


class AdminWorkerStats(AnswerModel):
    """Workers that hold a job."""

    total: int
    healthy: int
    degraded: int


class AdminSystemStats(AnswerModel):
    """The service itself."""

    api_version: str
    uptime_seconds: int


class AdminStatsAnswer(AnswerModel):
    """The whole service in figures."""

    organizations: AdminOrganizationStats
    jobs: AdminJobStats
    workers: AdminWorkerStats
    system: AdminSystemStats
