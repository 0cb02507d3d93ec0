"""The settings: can they be read, are the secrets real, does every name mean something."""

import difflib
from datetime import timedelta

from shared.certificate import valid_until
from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.settings import DEVELOPMENT_SECRET, Settings
from shared.spoken import counted, duration, listed

_OF_COMMANDS = {"SPOOLED_URL", "SPOOLED_API_KEY", "SPOOLED_API_KEY_FILE", "SPOOLED_GRPC"}
"""Read by clients and commands."""
_FOR_PROGRAMS = (
    "SPOOLED_JOB_",
    "SPOOLED_ATTEMPT",
    "SPOOLED_MAX_RETRIES",
    "SPOOLED_QUEUE",
    "SPOOLED_WORKER_ID",
)
"""What `spooled work` tells the program that it runs begins so."""
_SHORT_SECRET = 32
_FEWEST_CHARACTERS = 8
"""Different ones, in a secret that was drawn."""
_LIKE = 0.85
_SHORTEST_LIKE = 8
_CERTIFICATE_DAYS = 21
_PAGE = "less docs/settings.md"


async def present(installation: Installation) -> Finding:
    """There are settings of a service here."""
    if installation.is_of_a_service:
        return ok("there are settings of a service here")
    return skipped(
        "there are no settings of a service here: only what it tells over HTTP is looked at",
        "To look at them too, run it where the service runs:",
        "spooled doctor",
    )


async def readable(installation: Installation) -> Finding:
    """Every setting is one that the service starts with."""
    if not installation.faults:
        names = [name.upper() for name in Settings.model_fields if installation.environment.get(name.upper())]
        kind = "production" if installation.is_production else "development"
        return ok(f"{kind}; {counted(len(names), 'setting', 'settings')} from the environment")
    said = "; ".join(f"{name}: {text}" if name else text for name, text in installation.faults)
    names = [name for name, _ in installation.faults if name]
    return failed(
        said, f"The service does not start like this: set {listed(names) or 'what it names'} anew, see", _PAGE
    )


async def secrets(installation: Installation) -> Finding:
    """The secrets of a production are its own and long enough."""
    if not installation.is_production:
        return ok("development: secrets are made in the data folder")
    weak = [
        name
        for name in ("SECRET_KEY", "ADMIN_API_KEY", "METRICS_TOKEN")
        if (value := installation.environment.get(name, "")) and _is_weak(value)
    ]
    key = installation.environment.get("SECRET_KEY", "")
    if not key or key == DEVELOPMENT_SECRET:
        return failed("SECRET_KEY is not set to a secret of your own", "Make one:", "openssl rand -hex 32")
    if weak:
        return warning(
            f"{listed(weak)} can be guessed: shorter than {_SHORT_SECRET} characters, or few different ones",
            "Replace SECRET_KEY as docs/rotation.md says, so that API keys stay valid. Make another:",
            "openssl rand -hex 32",
        )
    if not installation.environment.get("METRICS_TOKEN"):
        return warning(
            "METRICS_TOKEN is not set: anyone may read /metrics", "Make one:", "openssl rand -hex 32"
        )
    return ok("set and long enough")


async def names(installation: Installation) -> Finding:
    """No variable that looks like a setting is one that nobody reads."""
    known = {name.upper() for name in Settings.model_fields} | _OF_COMMANDS
    unknown = {
        name: meant
        for name in sorted(installation.environment)
        if name not in known and not name.startswith(_FOR_PROGRAMS)
        if (meant := _meant(name, known)) is not None
    }
    if not unknown:
        return ok("no setting is misspelled")
    said = [f"{name} (did you mean {meant}?)" if meant else name for name, meant in unknown.items()]
    return warning(f"nobody reads {listed(said)}", "Rename or remove it, see", _PAGE)


async def eases(installation: Installation) -> Finding:
    """What is only for development is on only there."""
    settings = installation.settings
    if settings is None:
        return skipped("the settings cannot be read")
    if settings.development:
        if settings.host not in {"127.0.0.1", "::1", "localhost"}:
            return warning(
                f"development, and others can reach it (HOST={settings.host})",
                "Anyone may make organizations here. Unless you want that, set",
                "export SPOOLED_ENV=production",
            )
        return ok("development, for this machine alone")
    opened = [
        name
        for name, is_open in (
            ("OPEN_FIRST_KEY", settings.first_key_is_open),
            ("OPEN_REGISTRATION", settings.registration_is_open and settings.default_plan == "enterprise"),
        )
        if is_open
    ]
    if opened:
        return warning(
            f"{listed(opened)} in production: whoever can reach it gets a key, on the largest plan",
            "Unless you want that,",
            f"unset {' '.join(opened)}",
        )
    return ok("no ease of development is on")


async def certificate(installation: Installation) -> Finding:
    """The certificate that the service shows is good for a while."""
    settings = installation.settings
    if settings is None or not settings.tls_is_on:
        return skipped("no TLS_CERTIFICATE_FILE: TLS ends elsewhere, or nowhere")
    ends = valid_until(settings.tls_certificate_file)
    left = ends - installation.now()
    command = f"openssl x509 -noout -enddate -in {settings.tls_certificate_file}"
    if left <= timedelta(0):
        return failed(
            f"expired {duration(-left)} ago", "Put a new one there and start again, and see", command
        )
    said = f"good until {ends:%Y-%m-%d}"
    if left < timedelta(days=_CERTIFICATE_DAYS):
        return warning(said, "Put a new one there and start again, and see", command)
    return ok(said)


def _is_weak(secret: str) -> bool:
    return len(secret) < _SHORT_SECRET or len(set(secret)) < _FEWEST_CHARACTERS


def _meant(name: str, known: set[str]) -> str | None:
    """The setting that a name was to be: empty where that is not clear, None for one of something else."""
    if name.startswith("SPOOLED_"):
        bare = name.removeprefix("SPOOLED_")
        if bare in known:
            return bare
        close = difflib.get_close_matches(name, known, 1, 0.6) or difflib.get_close_matches(
            bare, known, 1, 0.7
        )
        return close[0] if close else ""
    if len(name) < _SHORTEST_LIKE:
        return None
    close = difflib.get_close_matches(name, [one for one in known if len(one) >= _SHORTEST_LIKE], 1, _LIKE)
    return close[0] if close else None


AREA = Area("settings", (readable, secrets, names, eases, certificate), first=present)
