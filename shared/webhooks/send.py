"""One request to a target: to an address that was checked, without redirects, bounded in size and time."""

import asyncio
import os
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic

import httpcore

from shared.settings import Settings
from shared.webhooks.addresses import Address
from shared.webhooks.resolve import LookupRefusedError, checked_addresses
from shared.webhooks.target import Target, parse_target

TOTAL_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_MOST_READ_BYTES = 65_536
_MOST_KEPT_CHARACTERS = 4096
_GOOD, _REDIRECTS = range(200, 300), range(300, 400)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went; `is_final`: no other attempt can go better."""

    status_code: int | None = None
    response_body: str | None = None
    error: str | None = None
    milliseconds: int = 0
    is_final: bool = False

    @property
    def is_success(self) -> bool:
        return self.error is None


@dataclass(slots=True)
class _Answer:
    """What has come back so far."""

    status_code: int | None = None
    body: bytes = b""


async def send(
    settings: Settings, url: str, body: bytes, headers: Mapping[str, str], seconds: float | None = None
) -> Outcome:
    """POST `body` and say how it went, in `seconds` at most, TOTAL_SECONDS unless said otherwise.

    Raises WebhookUrlError for a URL that no webhook may have.

    The status decides: a body that breaks off or goes on for ever changes nothing.
    """
    target = parse_target(url, development=settings.development)
    limit = TOTAL_SECONDS if seconds is None else seconds
    started = monotonic()
    answer, failure = _Answer(), ""
    try:
        async with asyncio.timeout(limit):
            addresses = await checked_addresses(target.host, target.port, development=settings.development)
            await _exchange(target, addresses, body, headers, answer)
    except TimeoutError:
        failure = f"No answer within {limit:.0f} seconds"
    except LookupRefusedError as error:
        failure = str(error)
    except httpcore.TimeoutException:
        failure = f"No connection within {_CONNECT_SECONDS:.0f} seconds"
    except (httpcore.NetworkError, OSError) as error:
        failure = f"No connection: {_reason(error)}"
    except httpcore.ProtocolError:
        failure = "The answer is not HTTP"
    return Outcome(
        status_code=answer.status_code,
        response_body=_kept(answer.body) if answer.status_code is not None else None,
        error=failure if answer.status_code is None else _refusal(answer.status_code),
        milliseconds=round((monotonic() - started) * 1000),
    )


async def _exchange(
    target: Target, addresses: Sequence[Address], body: bytes, headers: Mapping[str, str], answer: _Answer
) -> None:
    connection = httpcore.AsyncHTTPConnection(
        origin=httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
        ssl_context=tls_context() if target.scheme == "https" else None,
        network_backend=_CheckedBackend(addresses),
    )
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path.encode())
    sent = {"Host": target.authority, "Content-Length": str(len(body)), **headers}
    async with connection:
        request = httpcore.Request("POST", url, headers=list(sent.items()), content=body)
        try:
            response = await connection.handle_async_request(request)
        except AttributeError as error:
            # uvloop has no socket any more of a connection that broke as it was made, and anyio asks that.
            raise httpcore.ConnectError from error
        answer.status_code = response.status
        try:
            async with aclosing(response.aiter_stream()) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    answer.body += chunk
                    if len(answer.body) >= _MOST_READ_BYTES:
                        break
        finally:
            await response.aclose()


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the checked addresses and nothing else; TLS and Host keep the name."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - it was looked up already, and the next look-up may say otherwise
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - ours; the signature is the library's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = self._addresses
        seconds = _CONNECT_SECONDS / len(self._addresses)
        for address in others:
            try:
                return await self._backend.connect_tcp(
                    str(address), port, seconds, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(str(last), port, seconds, local_address, socket_options)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Trust of this machine and of the list that comes with the HTTP library; made once, it is slow."""
    return httpcore.default_ssl_context()


def _refusal(status_code: int) -> str | None:
    if status_code in _GOOD:
        return None
    if status_code in _REDIRECTS:
        return f"The target answered {status_code}; redirects are not followed"
    return f"The target answered {status_code}"


def _kept(body: bytes) -> str:
    """What of an answer is stored: PostgreSQL has no place for NUL."""
    return body.decode("utf-8", "replace").replace("\0", "")[:_MOST_KEPT_CHARACTERS]


def _reason(error: BaseException) -> str:
    """The cause in plain words, without the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({cause.reason or 'no common ground'})"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return "the target ended it without an answer"
