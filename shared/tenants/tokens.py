"""Tokens: short-lived credentials, signed by the server, each standing for an API key or a person.

JWT with HMAC-SHA-256 and nothing else: the algorithm that a token names is never believed.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from shared import ids
from shared.errors import UnauthorizedError
from shared.secret_keys import id_of
from shared.tenants.caller import Caller

Use = Literal["access", "refresh"]
LIFETIMES: dict[Use, timedelta] = {"access": timedelta(hours=1), "refresh": timedelta(days=30)}
LONGEST_TOKEN = 16_384
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `token_id` makes two tokens of one second differ and is what signing out notes."""

    use: Use
    org_id: int
    key_id: int
    queues: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    token_id: str
    user_id: int | None = None
    """A person in place of a key."""

    @classmethod
    def issue(cls, use: Use, caller: Caller, token_id: str, now: datetime) -> Self:
        """A new token for the key or person of a caller; it never outlives the key."""
        issued_at = now.replace(microsecond=0)
        end = issued_at + LIFETIMES[use]
        if caller.expires_at is not None:
            end = min(end, caller.expires_at)
        queues = caller.queues or ()
        return cls(use, caller.org_id, caller.key_id, queues, issued_at, end, token_id, caller.user_id)

    @property
    def lifetime_seconds(self) -> int:
        return int((self.expires_at - self.issued_at).total_seconds())

    def claims(self) -> dict[str, Any]:
        """The content as clients read it."""
        organization = ids.encode("org", self.org_id)
        person = {} if self.user_id is None else {"user_id": ids.encode("user", self.user_id)}
        return person | {
            "org_id": organization,
            "organization_id": organization,
            "api_key_id": holder_id(self.key_id, self.user_id),
            "queues": list(self.queues),
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "jti": self.token_id,
            "use": self.use,
        }

    def signed(self, secret: str) -> str:
        import jwt  # noqa: PLC0415 - only where a token is in use

        named = {"kid": _name(secret)}
        return jwt.encode(self.claims(), _signing_key(secret), algorithm=_ALGORITHM, headers=named)


def read_token(secrets: Sequence[str], text: str, use: Use, now: datetime) -> Token:
    """The content of a token that was signed with one of `secrets` for this use and has not expired.

    Raises UnauthorizedError, with the reason, for any other. Whether it was signed out is another question.
    """
    claims = _verified(secrets, text) if len(text) <= LONGEST_TOKEN else None
    if claims is None:
        raise UnauthorizedError("The token is not valid.")
    if claims["use"] != use:
        raise UnauthorizedError(f"This is no {use} token.")
    try:
        token = _token(use, claims)
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        # Signed, but none of ours: a claim is missing, is no text, or names no instant.
        raise UnauthorizedError("The token is not valid.") from None
    if token.expires_at <= now:
        raise UnauthorizedError("The token has expired; sign in again or use the refresh token.")
    return token


def _token(use: Use, claims: Mapping[str, Any]) -> Token:
    return Token(
        use,
        ids.decode("org", claims["org_id"]),
        ids.decode("key", claims["api_key_id"]),
        tuple(claims["queues"]),
        datetime.fromtimestamp(claims["iat"], UTC),
        datetime.fromtimestamp(claims["exp"], UTC),
        claims["jti"],
        ids.decode("user", claims["user_id"]) if "user_id" in claims else None,
    )


def holder_id(key_id: int, user_id: int | None) -> str:
    """Where clients want the id of a key: that of the person, for a session that has no key."""
    return ids.encode("key", key_id) if user_id is None else ids.encode("user", user_id)


def _verified(secrets: Sequence[str], text: str) -> Mapping[str, Any] | None:
    """What a token claims, None when none of the secrets signed it."""
    import jwt  # noqa: PLC0415 - only where a token is in use

    # PyJWT would compare with the machine's clock; the instant is an argument where it is needed.
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "jti", "use"]}
    try:
        named = jwt.get_unverified_header(text).get("kid")
    except (jwt.PyJWTError, ValueError):
        return None
    for secret in secrets:
        # The name that a token gives can only rule secrets out; one from before there were names gives none.
        if named is not None and named != _name(secret):
            continue
        try:
            found: Mapping[str, Any] = jwt.decode(
                text, _signing_key(secret), algorithms=[_ALGORITHM], options=options
            )
        except (jwt.PyJWTError, ValueError):
            continue
        return found
    return None


def _name(secret: str) -> str:
    return id_of(secret).hex()


def _signing_key(secret: str) -> bytes:
    """A key for this purpose alone, so that a token's signature is never a stored key's hash."""
    return hmac.digest(secret.encode(), b"spooled tokens", hashlib.sha256)
