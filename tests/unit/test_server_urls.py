"""The addresses of the servers hold passwords: a wrong one is refused at once, and not shown."""

import logging

import httpx
import pytest
from pydantic import ValidationError

from functions.health.ready import endpoint
from shared.edge.opening import open_serverless_core
from shared.edge.service import Service
from shared.settings import Settings

WORD = "hidden"
"""Stands for a part of a password; `12` before it makes a port of what was meant to be one."""


@pytest.mark.parametrize("name", ["database_url", "owner_database_url"])
@pytest.mark.parametrize(
    "url",
    [
        WORD,
        f"mysql://u:{WORD}@h/d",
        f"host=h password={WORD} {WORD} dbname=d",
        f"postgresql://u:{WORD} {WORD}@h/d",
        f"postgresql://u:{WORD}@[h/d",
        f"postgresql://u:{WORD}%zz@h/d",
        f"postgresql://u:{WORD}/x@h/d",
        f"postgresql://u:12/{WORD}@h/d",
        f"postgresql://u:x@{WORD}@h/d",
        f"postgresql://u:x@h:{WORD}/d",
        f"postgresql://u:{WORD}@h:0/d",
        f"postgresql://u:{WORD}@h:99999/d",
        f"postgresql://u:{WORD}@h:5432,i:x/d",
        f"postgresql://u:x@h/d?{WORD}={WORD}",
    ],
)
def test_a_database_url_that_is_none_is_refused_and_not_shown(name: str, url: str) -> None:
    """The driver would quote it, and so would the log."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"spooled_env": "development", name: url})

    [error] = refused.value.errors(include_input=False)
    assert error["loc"] == (name,)
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in error["msg"]
    assert WORD not in f"{refused.value!r} {error} {refused.value.__cause__!r}"


@pytest.mark.parametrize(
    "url",
    [
        WORD,
        f"http://{WORD}",
        f"redis://:{WORD}/x@h:6379/0",
        f"redis://u:12/{WORD}@h:6379/0",
        f"redis://u:12#{WORD}@h:6379/0",
        f"redis://u:12?{WORD}@h:6379/0",
        f"redis://u:{WORD}@[h:6379/0",
        f"redis://u:x@h:{WORD}/0",
        f"rediss://u:{WORD}@h:99999/0",
        f"redis://h:6379/{WORD}",
        f"redis://u:{WORD}@",
        "redis://",
        "unix://",
    ],
)
def test_a_redis_url_that_is_none_is_refused_and_not_shown(url: str) -> None:
    """Redis's client would quote it, and so would the log."""
    with pytest.raises(ValidationError) as refused:
        Settings(spooled_env="development", redis_url=url)

    [error] = refused.value.errors(include_input=False)
    assert "redis://HOST:PORT/NUMBER" in error["msg"]
    assert WORD not in f"{refused.value!r} {error} {refused.value.__cause__!r}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h:5432/d",
        "host=h port=5432 user=u password='p @ /' dbname=d",
        "postgres://u:p%40%2F@h/d?sslmode=require&connect_timeout=3",
        "postgresql://u@h1:5432,h2:5433/d?target_session_attrs=read-write",
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql://u:p@[::1]:5432/d@e",
        "",
    ],
)
def test_what_libpq_understands_is_a_database_url(url: str) -> None:
    """Several hosts, sockets and options are as good as one host."""
    assert Settings(spooled_env="development", database_url=url).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://u:p%40@h:6379/3",
        "rediss://:p@[::1]:6379/0?ssl_cert_reqs=none",
        "unix:///run/r?db=1",
    ],
)
def test_what_redis_understands_is_a_redis_url(url: str) -> None:
    """With TLS, by a socket, and with options."""
    assert Settings(spooled_env="development", redis_url=url).redis_url == url


async def test_a_function_with_a_wrong_url_says_so_and_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the setting, the answer has the request id, and neither has the password."""
    monkeypatch.setenv("SPOOLED_ENV", "development")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{WORD}/{WORD}@h/d")
    transport = httpx.ASGITransport(Service([endpoint], open_serverless_core))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        with caplog.at_level(logging.DEBUG):
            refused = await client.get("/health/ready")

    assert refused.status_code == 500
    assert "database_url" in caplog.text
    assert WORD not in f"{caplog.text} {refused.text}"
