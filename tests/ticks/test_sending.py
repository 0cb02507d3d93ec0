"""One request to a target: looked up once, connected to what was checked, bounded in size and time."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.settings import Settings
from shared.webhooks import resolve, send
from shared.webhooks.send import Outcome
from tests.support.targets import Target, answering, listening

DEVELOPMENT = Settings(spooled_env="development")
PRODUCTION = Settings(spooled_env="production", secret_key="a-secret-of-production")
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with listening() as target:
        yield target


class Resolver:
    """Answers look-ups from a list of answers, one for each, and counts them."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Any:
        self.asked.append(host)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in answer
        ]


async def post(url: str, settings: Settings = DEVELOPMENT, body: bytes = b"{}") -> Outcome:
    return await send.send(settings, url, body, HEADERS)


async def test_a_target_on_ipv4_alone_is_reached_by_localhost(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every address of a name is tried in turn."""
    monkeypatch.setattr(resolve, "getaddrinfo", Resolver(["::1", "127.0.0.1"]))

    outcome = await post(target.url)

    assert (outcome.is_success, outcome.status_code, outcome.response_body) == (True, 200, "ok")
    assert target.requests[0].headers["host"] == f"localhost:{target.port}"


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.5"],
        ["169.254.169.254"],
        ["fd00:ec2::254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::a9fe:a9fe"],
        ["93.184.216.34", "10.0.0.5"],
        ["10.0.0.5", "93.184.216.34"],
        ["2606:2800:220:1:248:1893:25c8:1946", "fe80::1"],
    ],
)
async def test_a_public_name_of_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """One private address among public ones is enough, and the answer does not say which it was."""
    monkeypatch.setattr(resolve, "getaddrinfo", Resolver(addresses))

    for settings in (PRODUCTION, DEVELOPMENT):
        outcome = await post("https://hooks.example.com/in", settings)
        assert "leads to a private or reserved address" in str(outcome.error)
        assert not any(address in str(outcome.error) for address in addresses)


async def test_a_name_of_this_machine_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Development alone may call the machine that it runs on."""
    monkeypatch.setattr(resolve, "getaddrinfo", Resolver(["127.0.0.1"]))

    outcome = await post("https://hooks.example.com/in", PRODUCTION)

    assert "private or reserved" in str(outcome.error)


async def test_a_name_that_changes_its_mind_gains_nothing(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once, and the connection goes to the address that was checked."""
    resolver = Resolver(["127.0.0.1"], ["10.0.0.5"])
    monkeypatch.setattr(resolve, "getaddrinfo", resolver)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a second look-up")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)

    outcome = await post(f"http://rebound.example.com:{target.port}/in")

    assert outcome.is_success
    assert resolver.asked == ["rebound.example.com"]
    assert target.requests[0].headers["host"] == f"rebound.example.com:{target.port}"


async def test_proxies_of_the_environment_are_not_used(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would look the name up again."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await post(target.url)).is_success


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_failures(target: Target, status: int) -> None:
    """A public target cannot send us on to a private one."""
    target.answer = answering(status, headers=f"Location: {target.url}/on\r\n")

    outcome = await post(target.url)

    assert (outcome.is_success, outcome.status_code, len(target.requests)) == (False, status, 1)
    assert "redirects are not followed" in str(outcome.error)


async def test_a_huge_answer_is_cut(target: Target) -> None:
    """Its beginning is read and kept; an answer without end does not hold the request."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"ab\x00\xff" * 1000)
            await writer.drain()

    target.answer = endless

    outcome = await post(target.url)

    assert outcome.is_success
    assert outcome.response_body is not None
    assert (len(outcome.response_body), "\0" in outcome.response_body) == (4096, False)


async def _nothing(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (_nothing, None, "not HTTP"),
        (_reset, None, "No connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000, None, "not HTTP"),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense", 500, "500"),
    ],
)
async def test_a_broken_answer_is_a_failure_with_a_reason(
    target: Target, answer: Any, status: int | None, said: str
) -> None:
    """Whatever comes back, the attempt ends and says why."""
    target.answer = answer

    outcome = await post(target.url)

    assert (outcome.is_success, outcome.status_code) == (False, status)
    assert said in str(outcome.error)


def test_a_connection_that_breaks_as_it_is_made_is_a_failure_with_a_reason() -> None:
    """A target that hangs up before it is asked says no; on the loop that the service runs on, too."""
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    async def post_often(url: str) -> list[Outcome]:
        return [await post(url) for _ in range(200)]

    hanging_up = Thread(target=hang_up)
    hanging_up.start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            outcomes = runner.run(post_often(f"http://127.0.0.1:{listener.getsockname()[1]}/in"))
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        hanging_up.join()

    assert all("No connection" in str(outcome.error) for outcome in outcomes)
    assert not any(outcome.is_final for outcome in outcomes)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense",
        b"HTTP/1.1 202 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_the_status_decides(target: Target, answer: bytes) -> None:
    """Who answered 2xx has the delivery, however the body goes on."""
    target.answer = answer

    assert (await post(target.url)).is_success


async def test_a_slow_target_is_given_up(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing, or a byte now and then, ends when the time is over."""
    monkeypatch.setattr(send, "TOTAL_SECONDS", 0.3)

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def dripping(writer: asyncio.StreamWriter) -> None:
        for letter in b"HTTP/1.1 200 OK and much more":
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.05)

    for answer in (silent, dripping):
        target.answer = answer
        outcome = await post(target.url)
        assert (outcome.is_success, outcome.status_code) == (False, None)
        assert "No answer within" in str(outcome.error)
        assert outcome.milliseconds < 5000


async def test_a_name_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up has a limit of its own, and one that fails says so."""
    monkeypatch.setattr(resolve, "_LONGEST_SECONDS", 0.1)
    go_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(_host: str, _port: int) -> Any:
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return []

    monkeypatch.setattr(resolve, "getaddrinfo", hang)
    assert "took too long" in str((await post("https://hooks.example.com/")).error)
    go_on.set()

    def fail(_host: str, _port: int) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(resolve, "getaddrinfo", fail)
    assert "cannot be resolved" in str((await post("https://hooks.example.com/")).error)


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """The server's side of a self-signed certificate, which lies in `folder` for the client."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(signed.public_bytes(encoding))
    (folder / "key.pem").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_tls_is_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate must be trusted and be of the URL's host, though the connection goes to an address."""
    server = certificate(tmp_path, "hooks.example.com")
    names: list[str] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)  # type: ignore[assignment]
    monkeypatch.setattr(resolve, "getaddrinfo", Resolver(["127.0.0.1"]))
    async with listening(server) as target:
        untrusted = await post(f"https://hooks.example.com:{target.port}/in")
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        monkeypatch.setattr(send, "tls_context", lambda: trust)
        trusted = await post(f"https://hooks.example.com:{target.port}/in")
        other = await post(f"https://other.example.com:{target.port}/in")
        plain = await post(f"http://hooks.example.com:{target.port}/in")

    assert "certificate is not trusted" in str(untrusted.error)
    assert (trusted.is_success, names[1]) == (True, "hooks.example.com")
    assert "certificate is not trusted" in str(other.error)
    assert not plain.is_success
    assert len(target.requests) == 1
