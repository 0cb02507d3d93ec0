"""What the doctor says of everything but the database: settings, Redis, timers, clocks, service, mail."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis

from functions.app import every_function
from localstack.redis import running_redis
from shared.beats import note_beat
from shared.clock import system_clock
from shared.core import Core
from shared.doctor.installation import HttpAnswer
from shared.settings import Settings
from shared.webhooks.sealing import seal
from tests.support.api import Tenant
from tests.support.certificates import make_certificate
from tests.support.clock import MovingClock
from tests.support.doctor import asker, levels, look
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.run import free_port
from tests.support.served import served

Environment = dict[str, str]
SOUND = {
    "SPOOLED_ENV": "production",
    "SECRET_KEY": "0123456789abcdef" * 2,
    "METRICS_TOKEN": "abcdefgh01234567" * 2,
}


async def test_sound_settings_of_a_production_pass() -> None:
    """Real secrets and no name that nobody reads: nothing to mend."""
    found = levels(await look("settings", environment=SOUND | {"SPOOLED_URL": "http://x", "PATH": "/bin"}))

    assert found.pop("settings certificate") == "skipped"
    assert set(found.values()) == {"ok"}


@pytest.mark.parametrize(
    ("wrong", "check", "level", "said"),
    [
        ({"PORT": "many"}, "readable", "failed", "PORT: "),
        ({"SECRET_KEY": ""}, "readable", "failed", "SECRET_KEY must be set"),
        ({"SECRET_KEY": ""}, "secrets", "failed", "SECRET_KEY is not set"),
        (
            {"SECRET_KEY": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            "secrets",
            "warning",
            "SECRET_KEY can be guessed",
        ),
        ({"ADMIN_API_KEY": "admin"}, "secrets", "warning", "ADMIN_API_KEY can be guessed"),
        ({"METRICS_TOKEN": ""}, "secrets", "warning", "METRICS_TOKEN is not set"),
        ({"SPOOLED_ENVIRONMENT": "x"}, "names", "warning", "SPOOLED_ENVIRONMENT (did you mean SPOOLED_ENV?)"),
        (
            {"SPOOLED_DATABASE_URL": "x"},
            "names",
            "warning",
            "SPOOLED_DATABASE_URL (did you mean DATABASE_URL?)",
        ),
        ({"DATABSE_URL": "x"}, "names", "warning", "DATABSE_URL (did you mean DATABASE_URL?)"),
        ({"SPOOLED_ZZZZ": "x"}, "names", "warning", "nobody reads SPOOLED_ZZZZ"),
        ({"OPEN_FIRST_KEY": "true"}, "eases", "warning", "OPEN_FIRST_KEY in production"),
        ({"SPOOLED_ENV": "development", "HOST": "0.0.0.0"}, "eases", "warning", "HOST=0.0.0.0"),
    ],
    ids=str,
)
async def test_a_wrong_setting_is_named(wrong: Environment, check: str, level: str, said: str) -> None:
    """Each is found by its check, with what to do, which ends in a command."""
    found = (await look("settings", environment=SOUND | wrong))[f"settings {check}"]

    assert (str(found.level), said in found.found) == (level, True), found
    assert found.advice
    assert found.command


async def test_a_wrong_setting_does_not_hide_the_rest(environment: Environment) -> None:
    """With settings that the service would not start with the servers are still looked at."""
    found = levels(await look("database", "redis", environment=environment | {"PORT": "many"}))

    assert set(found.values()) == {"ok"}


async def test_a_certificate_that_ends_soon_is_told(environment: Environment, tmp_path: Path) -> None:
    """One of tomorrow is a warning, and one of yesterday fails."""
    environment |= make_certificate(tmp_path).settings
    later = MovingClock()
    later.advance(days=2)

    soon = (await look("settings", environment=environment))["settings certificate"]
    past = (await look("settings", environment=environment, clock=later))["settings certificate"]

    assert (str(soon.level), str(past.level)) == ("warning", "failed")
    assert soon.found.startswith("good until ")
    assert "expired " in past.found


async def test_redis_passes_unless_it_is_away_or_refuses_what_is_new(
    environment: Environment, tmp_path: Path
) -> None:
    """A sound one says version and memory; one that makes no room warns, none at all fails."""
    with running_redis(tmp_path) as url:
        sound = await look("redis", environment=environment | {"REDIS_URL": url})
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory-policy", "noeviction")
            full = await look("redis", environment=environment | {"REDIS_URL": url})
            client.config_set("maxmemory", 0)
            endless = await look("redis", environment=environment | {"REDIS_URL": url})
    away = f"redis://:a-password@127.0.0.1:{free_port()}/0"
    gone = await look("redis", environment=environment | {"REDIS_URL": away})

    assert set(levels(sound).values()) == {"ok"}
    assert sound["redis reachable"].found.startswith("Valkey ")
    assert "noeviction" in full["redis memory"].found
    assert "without a limit" in endless["redis memory"].found
    assert levels(full)["redis memory"] == levels(endless)["redis memory"] == "warning"
    assert levels(gone) == {"redis reachable": "failed", "redis memory": "skipped"}
    assert "a-password" not in str(gone)


@pytest.mark.parametrize(("url", "level"), [("none", "skipped"), ("", "warning")])
async def test_without_redis_the_service_is_degraded_and_not_broken(
    environment: Environment, url: str, level: str
) -> None:
    """To run without on purpose is fine; to have forgotten it is a warning."""
    found = levels(await look("redis", environment=environment | {"REDIS_URL": url}))

    assert found["redis reachable"] == level


@pytest.mark.usefixtures("no_timers")
async def test_timers_are_judged_by_their_heartbeats(
    environment: Environment, core: Core, clock: MovingClock
) -> None:
    """All that ran lately pass; one that is silent fails, with since when; one that never ran is named."""

    async def judged() -> tuple[dict[str, str], str]:
        found = await look("timers", environment=environment)
        return levels(found), " ".join(finding.found for finding in found.values())

    never, _ = await judged()
    await note_beat(core, "leases", 60, clock(), None)
    one_missing, names = await judged()
    await note_beat(core, "retention", 3600, clock(), None)
    sound, _ = await judged()
    await note_beat(core, "leases", 60, clock(), ValueError("boom"))
    failing, why = await judged()
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as owner:
        owner.execute("UPDATE timer_beat SET succeeded_at = succeeded_at - interval '5 minutes'")
    silent, since = await judged()

    assert never["timers heartbeats"] == one_missing["timers all known"] == "warning"
    assert "never ran here: retention" in names
    assert set(sound.values()) == {"ok"}
    assert failing == sound | {"timers latest runs": "warning"}
    assert "leases (ValueError: boom)" in why
    assert silent["timers heartbeats"] == "failed"
    assert "leases since 5 m" in since
    assert "retention since" not in since


async def test_a_clock_that_is_off_is_told(environment: Environment, settings: Settings) -> None:
    """Seconds are a warning and minutes fail, against the database and the service alike."""
    offsets = {}
    with served(settings, every_function()[0]) as service:
        for seconds in (0, 4, 60):
            clock = MovingClock()
            clock.advance(seconds=seconds)
            found = await look(
                "clock", environment=environment, clock=clock, url=service.url, ask=asker(service.url)
            )
            offsets[seconds] = list(levels(found).values())
            said = found["clock of the database"].found

    assert offsets == {0: ["ok", "ok"], 4: ["warning", "warning"], 60: ["failed", "failed"]}
    assert said.startswith(("the database is 1 m", "the database is 59 s", "the database is 60 s"))
    assert said.endswith("behind this machine")


@pytest.mark.usefixtures("no_timers")
async def test_with_the_service_alone_the_rest_is_skipped_with_its_reason(
    settings: Settings, org: Tenant
) -> None:
    """From a machine that knows only the URL: health, version, timers and key by HTTP; why not the others."""
    with served(settings, every_function()[0]) as service:
        sound = await look("database", "timers", "service", environment={}, url=service.url, key=org.key)
        with psycopg.connect(settings.database_url, autocommit=True) as owner:
            owner.execute(
                "INSERT INTO timer_beat VALUES ('leases', 60, now(), now(), now() - interval '1 hour', NULL)"
            )
        silent = await look("timers", "service", environment={}, url=service.url, key="sk_live_wrong")

    assert {name for name, level in levels(sound).items() if level == "ok"} == {
        "timers heartbeats",
        "service reachable",
        "service health",
        "service version",
        "service credential",
    }
    assert sound["database reachable"].found.startswith("DATABASE_URL is not set here")
    assert all(finding.found for finding in sound.values())
    assert {name for name, level in levels(silent).items() if level == "failed"} == {
        "timers heartbeats",
        "service health",
        "service credential",
    }
    assert "leases" in silent["timers heartbeats"].found


async def test_a_service_of_another_version_or_of_somebody_else_is_told() -> None:
    """What answers has to be Spooled, and of this version; who does not answer at all fails."""

    def says(status: int, body: object) -> object:
        async def ask(_path: str) -> HttpAnswer:
            return HttpAnswer(status, {}, body)

        return ask

    healthy = {"status": "healthy", "version": "9.9.9", "database": True, "cache": True, "silent_timers": []}
    later = await look("service", environment={}, url="http://x", ask=says(200, healthy))
    cacheless = await look(
        "service",
        environment={},
        url="http://x",
        ask=says(200, healthy | {"status": "degraded", "cache": False}),
    )
    other = await look("service", environment={}, url="http://x", ask=says(404, "nginx"))
    nobody = await look("service", environment={}, url=f"http://127.0.0.1:{free_port()}")

    assert levels(later)["service version"] == levels(cacheless)["service health"] == "warning"
    assert "cache is away" in cacheless["service health"].found
    assert levels(other)["service reachable"] == levels(nobody)["service reachable"] == "failed"


async def test_mail_is_handed_to_nobody_and_tried(environment: Environment) -> None:
    """The mail server is greeted and left; one that is away fails without the password."""
    with running_mail_server() as mailbox:
        there = await _mail(environment, mailbox.url)
    away = await _mail(environment, f"smtp://user:a-password@127.0.0.1:{free_port()}")

    assert (str(there[0]), there[1]) == ("ok", f"127.0.0.1:{mailbox.port} lets us in, as a@b.example")
    assert (str(away[0]), "ConnectionRefusedError" in away[1]) == ("failed", True)
    assert "a-password" not in away[1]
    assert mailbox.mails == Mailbox().mails


async def _mail(environment: Environment, url: str) -> tuple[str, str]:
    mail = {"SMTP_URL": url, "MAIL_FROM": "a@b.example"}
    found = (await look("mail", environment=environment | mail))["mail server"]
    return str(found.level), found.found


async def test_webhooks_that_cannot_be_signed_or_are_late_are_told(
    environment: Environment, settings: Settings, org: Tenant
) -> None:
    """Secrets of another SECRET_KEY fail; late deliveries and webhooks that were switched off warn."""
    body = {"name": "a", "url": "http://127.0.0.1:9/", "events": ["job.completed"], "secret": "whsec"}
    made = await org.post("/outgoing-webhooks", body, 201)
    sound = levels(await look("webhooks", environment=environment))
    changed = await look("webhooks", environment=environment | {"SECRET_KEY": "another secret, of later"})
    with psycopg.connect(settings.database_url) as owner:
        owner.execute("SET ROLE spooled_system")
        owner.execute("UPDATE webhook SET last_status = 'auto_disabled' WHERE name = 'a'")
        owner.execute(
            "INSERT INTO webhook_delivery"
            " (org_id, event, data, url, sealed_secret, next_attempt_at, created_at)"
            " SELECT org_id, 'job.completed', '{}', 'http://127.0.0.1:9/', %s, %s, now()"
            " FROM webhook LIMIT 1",
            (seal(settings, "x"), system_clock() - timedelta(hours=1)),
        )
    broken = await look("webhooks", environment=environment)
    with psycopg.connect(settings.database_url) as owner:
        owner.execute("SET ROLE spooled_system")
        owner.execute("DELETE FROM webhook_delivery WHERE created_at > now() - interval '1 hour'")
    await org.delete(f"/outgoing-webhooks/{made['id']}")

    assert sound["webhooks secrets"] == sound["webhooks deliveries"] == "ok"
    assert levels(changed)["webhooks secrets"] == "failed"
    assert levels(broken)["webhooks switched on"] == levels(broken)["webhooks deliveries"] == "warning"
    assert "late, the oldest by 1 h" in broken["webhooks deliveries"].found
