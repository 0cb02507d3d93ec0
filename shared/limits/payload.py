"""The payload ceiling of a plan."""

from collections.abc import Iterable

from shared.errors import PayloadTooLargeError
from shared.limits.plans import PlanLimits

_MOST_BYTES_OF_A_CHARACTER = 4


def check_payloads(limits: PlanLimits, payloads: Iterable[str]) -> None:
    """Raise PayloadTooLargeError for a payload, as JSON text, above the ceiling of the plan."""
    ceiling = limits.max_payload_size_bytes
    for payload in payloads:
        if len(payload) * _MOST_BYTES_OF_A_CHARACTER <= ceiling:
            continue
        size = len(payload.encode())
        if size > ceiling:
            raise PayloadTooLargeError(
                f"payload: {size} bytes; the {limits.tier} plan takes {ceiling}. "
                "Store large data elsewhere and push its address.",
                details={"field": "payload", "size": size, "limit": ceiling, "plan": limits.tier},
            )
