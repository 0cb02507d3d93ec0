"""What `make run` has told its service, as far as its data folder remembers, for who looks at it."""

from collections.abc import Mapping
from pathlib import Path

from localstack.postgres import DATABASE, ROLE
from localstack.remembered import LOOPBACK


def settings_of_run(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, and what a run with it adds; the same where no run has used the data folder.

    Raises PermissionError for a folder of somebody else.
    """
    home = Path(environment.get("SPOOLED_DATA_DIR") or ".data")
    found = {"SPOOLED_ENV": "development", **environment}
    if not (home / "run.lock").exists() or found["SPOOLED_ENV"] != "development":
        return dict(environment)
    port, secret = _kept(home, "postgres")
    if port:
        found.setdefault("DATABASE_URL", f"postgresql://{ROLE}:{secret}@{LOOPBACK}:{port}/{DATABASE}")
    port, secret = _kept(home, "redis")
    if port:
        found.setdefault("REDIS_URL", f"redis://:{secret}@{LOOPBACK}:{port}/0")
    if (home / "server.secret").exists():
        found.setdefault("SECRET_KEY", (home / "server.secret").read_text().strip())
    return found


def _kept(home: Path, name: str) -> tuple[str, str]:
    files = [home / f"{name}.{kind}" for kind in ("port", "secret")]
    if not all(file.exists() for file in files):
        return "", ""
    port, secret = (file.read_text().strip() for file in files)
    return port, secret
