"""What a person sees once the service answers: where it is, and the first thing to try."""

import asyncio
import ssl
import sys

from localstack.foreground import Run

GREETING = """
Spooled is ready.

  API            {url}/api/v1
  Documentation  {url}/docs
  Health         {url}/health
  Data           {home}   (stays when you stop; Ctrl-C stops)
{more}
Make your organization, then follow the guide:

  curl -X POST {url}/api/v1/organizations \\
    -H "Content-Type: application/json" \\
    -d '{{"name": "My Company", "slug": "my-company"}}'
"""
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  the address to call, not the one to listen on


async def greet_when_ready(run: Run, more: str = "") -> None:
    """Wait for /health to answer, then print the greeting, with one more line of places if there is one."""
    host, port = run.opened.getsockname()[:2]
    host = ANYWHERE.get(host, host)
    tls = _trusting_itself() if run.settings.tls_is_on else None
    await _health(host, port, tls)
    scheme = "https" if tls else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    sys.stdout.write(GREETING.format(url=url, home=run.home, more=more))
    sys.stdout.flush()


async def _health(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    while True:
        if await _is_healthy(host, port, tls):
            return
        await asyncio.sleep(0.02)


def _trusting_itself() -> ssl.SSLContext:
    """The certificate is not of this address, as a rule, and nothing secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _is_healthy(host: str, port: int, tls: ssl.SSLContext | None) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except OSError:
        return False
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
