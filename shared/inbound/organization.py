"""The organization that an inbound webhook is addressed to, and what it asks of its senders."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError, UnauthorizedError
from shared.limits.plans import limits_of
from shared.store import load_queries, tenant
from shared.tenants.caller import Caller
from shared.tenants.webhook_token import token_in_force

QUERIES = load_queries(__file__)
LARGEST_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class InboundOrganization:
    """The organization as its own caller, the token in force (None: cleared) and its settings."""

    caller: Caller
    token: str | None
    settings: Mapping[str, Any]

    def secret(self, provider: str) -> str | None:
        """The secret that a provider signs with, None when none is set."""
        secret = self.settings.get(f"{provider}_webhook_secret")
        return secret if isinstance(secret, str) and secret else None

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
        secret = self.secret(provider)
        self._check_token(given, needed=secret is None)
        fault = fault_under(secret) if secret else None
        if fault:
            raise UnauthorizedError(f"{header}: {fault}.")

    def _check_token(self, given: str, *, needed: bool) -> None:
        if self.token is None:
            if self.settings.get("allow_open_webhooks") is not True:
                raise UnauthorizedError(
                    "Inbound webhooks are stopped: the webhook token was cleared. Make a new one with"
                    " POST /api/v1/organizations/webhook-token/regenerate."
                )
        elif (given or needed) and not hmac.compare_digest(self.token.encode(), given.encode()):
            raise UnauthorizedError("Send the organization's webhook token in the header X-Webhook-Token.")


async def find_organization(core: Core, public_id: str) -> InboundOrganization:
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
    )
