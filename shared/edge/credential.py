"""Who may come in: Bearer credentials, the admin key, the permission that the route asks for."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from shared.core import Core
from shared.edge.endpoint import Endpoint
from shared.errors import ForbiddenError, UnauthorizedError
from shared.tenants.authenticate import authenticate
from shared.tenants.caller import Caller


async def admit(endpoint: Endpoint, core: Core, headers: Mapping[str, str], now: datetime) -> Caller | None:
    """The caller of a request, None on a public route.

    Raises UnauthorizedError without a valid credential where one is needed, ForbiddenError without the right.
    """
    if endpoint.access == "public":
        return None
    if endpoint.access == "admin":
        if not is_admin(core, headers):
            raise UnauthorizedError("A valid X-Admin-Key header is required.")
        return None
    credential = bearer(headers)
    if not credential:
        # Before the audit log: nobody fills an organization's who has no credential of it.
        if endpoint.access == "optional" and core.settings.first_key_is_open:
            return None
        raise UnauthorizedError
    caller = await authenticate(core, credential, now)
    if endpoint.scope:
        caller.require(endpoint.scope)
    return caller


def bearer(headers: Mapping[str, str]) -> str:
    """The credential of the Authorization header, empty when there is none."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def is_admin(core: Core, headers: Mapping[str, str]) -> bool:
    """Whether the request carries the configured admin key."""
    expected = core.settings.admin_api_key
    given = headers.get("x-admin-key", "")
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def require_metrics_token(core: Core, headers: Mapping[str, str]) -> None:
    """Raise UnauthorizedError when a metrics token is configured and the request does not carry it."""
    expected = core.settings.metrics_token
    if expected and not hmac.compare_digest(bearer(headers).encode(), expected.encode()):
        raise UnauthorizedError("Send the metrics token: `Authorization: Bearer <METRICS_TOKEN>`.")


def require_open_registration(core: Core, headers: Mapping[str, str]) -> None:
    """Raise ForbiddenError when registration is closed and the request carries no admin key."""
    if not core.settings.registration_is_open and not is_admin(core, headers):
        raise ForbiddenError("Registration is closed: an administrator makes organizations here.")
