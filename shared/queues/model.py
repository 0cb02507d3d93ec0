"""A queue as the API shows it, and the changes that a request makes to it."""

from dataclasses import dataclass
from typing import Any

from shared import ids
from shared.store import Row

SETTINGS_OF_COLUMNS = frozenset(
    {
        "concurrency",
        "rate_limit",
        "retry_delay_ms",
        "backoff_multiplier",
        "max_retry_delay_ms",
        "paused",
    }
)
"""The keys of `settings` that stand in columns of their own: shown there, never kept twice."""


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """What a request says about a queue; None keeps a value, or takes the default of a new queue."""

    max_retries: int | None = None
    timeout_seconds: int | None = None
    retry_delay_seconds: float | None = None
    backoff_multiplier: float | None = None
    backoff_max_seconds: float | None = None
    rate_limit: int | None = None
    concurrency: int | None = None
    enabled: bool | None = None
    settings: str = "{}"
    """JSON text of an object that is merged into what is kept; only keys that stand in no column."""
    lifted: frozenset[str] = frozenset()
    """Settings to remove: `rate_limit`, `concurrency`, or keys of `settings`."""

    def parameters(self) -> dict[str, Any]:
        return {
            "max_retries": self.max_retries,
            "timeout_seconds": self.timeout_seconds,
            "retry_delay_seconds": self.retry_delay_seconds,
            "backoff_multiplier": self.backoff_multiplier,
            "backoff_max_seconds": self.backoff_max_seconds,
            "rate_limit": self.rate_limit,
            "concurrency": self.concurrency,
            "enabled": self.enabled,
            "settings": self.settings,
            "lifted": sorted(self.lifted),
        }


def queue_answer(row: Row) -> dict[str, Any]:
    """A queue under the names of both dialects."""
    paused = row["paused_at"] is not None
    return {
        "id": ids.encode("queue", row["id"]),
        "organization_id": ids.encode("org", row["org_id"]),
        "name": row["name"],
        "queue_name": row["name"],
        "max_retries": row["max_retries"],
        "timeout_seconds": row["timeout_seconds"],
        "default_timeout": row["timeout_seconds"],
        "retry_delay_seconds": row["retry_delay_seconds"],
        "backoff_base_seconds": row["retry_delay_seconds"],
        "backoff_multiplier": row["backoff_multiplier"],
        "backoff_max_seconds": row["backoff_max_seconds"],
        "rate_limit": row["rate_limit"],
        "concurrency": row["concurrency"],
        "enabled": row["enabled"] and not paused,
        "paused": paused,
        "paused_at": row["paused_at"],
        "pause_reason": row["pause_reason"],
        "paused_by": row["paused_by"],
        "settings": row["settings"]
        | {
            "concurrency": row["concurrency"],
            "retry_delay_ms": round(row["retry_delay_seconds"] * 1000),
            "backoff_multiplier": row["backoff_multiplier"],
            "max_retry_delay_ms": round(row["backoff_max_seconds"] * 1000),
            "paused": paused,
        },
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
