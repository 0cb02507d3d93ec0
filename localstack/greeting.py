"""What a person sees once the service answers: where it is, and the first thing to try."""

import asyncio
import socket
import sys
from pathlib import Path

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


async def greet_when_ready(opened: socket.socket, home: Path, more: str = "") -> None:
    """Wait for /health to answer, then print the greeting, with one more line of places if there is one."""
    host, port = opened.getsockname()[:2]
    host = ANYWHERE.get(host, host)
    await _health(host, port)
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stdout.write(GREETING.format(url=url, home=home, more=more))
    sys.stdout.flush()


async def _health(host: str, port: int) -> None:
    while True:
        if await _is_healthy(host, port):
            return
        await asyncio.sleep(0.02)


async def _is_healthy(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
