"""The organization that an inbound webhook is addressed to, and what it asks of its senders."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError, UnauthorizedError
from shared.limits.plans import limits_of
from shared.store import load_queries, tenant
from shared.tenants.caller import Caller
from shared.tenants.overlaps import good_before
from shared.tenants.webhook_token import token_in_force

QUERIES = load_queries(__file__)
LARGEST_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class InboundOrganization:
    """The organization as its own caller, the token in force (None: cleared) and its settings.

    replaced: what was in the place of a setting before and is still good, by its name.
    """

    caller: Caller
    token: str | None
    settings: Mapping[str, Any]
    replaced: Mapping[str, str] = field(default_factory=dict)

    def secrets(self, provider: str) -> list[str]:
        """The secrets that a provider may sign with, that of now first; none when none is set."""
        name = f"{provider}_webhook_secret"
        secret = self.settings.get(name)
        if not (isinstance(secret, str) and secret):
            return []
        return [secret, self.replaced[name]] if name in self.replaced else [secret]

    def queue_of(self, provider: str, event_type: str) -> str:
        """Where an event goes: its own queue, its provider's, that of all events, the provider's name."""
        by_event = self.settings.get("webhook_queues")
        named = by_event if isinstance(by_event, dict) else {}
        choices = (
            named.get(f"{provider}:{event_type}"),
            named.get(provider),
            self.settings.get("webhook_queue"),
        )
        return next((choice for choice in choices if isinstance(choice, str) and choice), provider)

    def admit(self, given: str) -> None:
        """Let in who sends the token. Raises UnauthorizedError."""
        self._check_token(given, needed=True)

    def admit_signed(
        self, provider: str, given: str, header: str, fault_under: Callable[[str], str | None]
    ) -> None:
        """Let in who signs with the provider's secret or, when none is set, sends the token.

        A token that is sent beside a signature must be the right one too. `header` names the signature in
        messages. Raises UnauthorizedError.
        """
        secrets = self.secrets(provider)
        self._check_token(given, needed=not secrets)
        faults = [fault_under(secret) for secret in secrets]
        if faults and None not in faults:
            raise UnauthorizedError(f"{header}: {faults[0]}.")

    def _check_token(self, given: str, *, needed: bool) -> None:
        if self.token is None:
            if self.settings.get("allow_open_webhooks") is not True:
                raise UnauthorizedError(
                    "Inbound webhooks are stopped: the webhook token was cleared. Make a new one with"
                    " POST /api/v1/organizations/webhook-token/regenerate."
                )
            return
        tokens = [self.token, *filter(None, [self.replaced.get("webhook_token")])]
        if (given or needed) and not any(
            hmac.compare_digest(token.encode(), given.encode()) for token in tokens
        ):
            raise UnauthorizedError("Send the organization's webhook token in the header X-Webhook-Token.")


async def find_organization(core: Core, public_id: str, now: datetime) -> InboundOrganization:
    """The organization of a public id; NotFoundError for one that is unknown or closed.

    A sender does not know the plan: a body may have LARGEST_BYTES on every plan, or the organization's own
    `max_payload_size_bytes` where it has one.
    """
    org_id = ids.decode("org", public_id)
    row = await core.store.fetch_one(tenant(org_id), QUERIES["find_organization"], org_id=org_id)
    if row is None:
        raise NotFoundError("There is no such organization.")
    limits = limits_of(
        row["plan_tier"], {"max_payload_size_bytes": LARGEST_BYTES} | (row["custom_limits"] or {})
    )
    return InboundOrganization(
        caller=Caller(org_id=org_id, key_id=ids.UNKNOWN, limits=limits),
        token=token_in_force(row),
        settings=row["settings"],
        replaced=_still_good(row["previous_secrets"], now),
    )


def _still_good(previous: Mapping[str, Any], now: datetime) -> dict[str, str]:
    found = {name: good_before(previous, name, now) for name in previous}
    return {name: overlap.value for name, overlap in found.items() if overlap is not None}
