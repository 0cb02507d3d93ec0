"""The addresses of PostgreSQL and Redis, looked at before anybody connects.

They hold passwords, and the drivers quote what they do not understand, which would reach the log.
"""

from urllib.parse import SplitResult, urlsplit

_HIGHEST_PORT = 65_535


def check_database_url(url: str) -> None:
    """Raise ValueError, which does not repeat the URL, unless libpq understands it."""
    if not _is_understood(url):
        raise ValueError(
            "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, in which @ / : % and spaces of the "
            "password are written %40 %2F %3A %25 %20"
        )


def check_redis_url(url: str) -> None:
    """Raise ValueError, which does not repeat the URL, unless it is one of Redis."""
    if not _is_of_redis(url):
        raise ValueError(
            "must be redis://HOST:PORT/NUMBER (rediss:// with TLS, unix:// a socket) or none; "
            "# / ? and % of a password are written %23 %2F %3F %25"
        )


def _is_understood(url: str) -> bool:
    import psycopg  # noqa: PLC0415 - where there is a database its driver is loaded anyway
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - as above

    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return False
    # What follows libpq takes, and fails at when it connects: a password with a bare / or @ in it.
    ports = filter(None, str(parts.get("port", "")).split(","))
    if "@" in str(parts.get("host", "")) or ("user" not in parts and "@" in str(parts.get("dbname", ""))):
        return False
    return all(port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT for port in ports)


def _is_of_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_torn = parts.fragment or "@" in parts.query or "@" in parts.path
    if parts.scheme == "unix":
        return bool(parts.path) and not is_torn
    return parts.scheme in {"redis", "rediss"} and not is_torn and _has_host_and_number(parts)


def _has_host_and_number(parts: SplitResult) -> bool:
    number = parts.path.strip("/")
    return bool(parts.hostname) and (not number or (number.isascii() and number.isdigit()))
