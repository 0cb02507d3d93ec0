"""`spooled doctor`; what its checks find is in tests/doctor."""

from pathlib import Path

import pytest

from localstack.found import settings_of_run
from shared.command.commands.doctor import AREAS
from shared.command.exits import Exit
from shared.doctor.examine import AREAS as ALL
from shared.settings import Settings
from tests.support.command import CommandLine
from tests.support.run import free_port

Environment = dict[str, str]


@pytest.fixture
def environment(settings: Settings, no_timers: None) -> Environment:  # noqa: ARG001 - what other tests leave
    """That of the service, where it runs."""
    return {
        "SPOOLED_ENV": "development",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
    }


def test_a_sound_installation(spooled: CommandLine, environment: Environment) -> None:
    """All areas are looked at; that no timer has run yet is a warning, which only `--strict` fails."""
    seen = spooled("doctor", "--json", **environment)
    strict = spooled("doctor", "--strict", "--only", "timers", **environment)

    assert (seen.code, strict.code) == (Exit.DONE, Exit.FAILED)
    assert seen.json["result"] == "warning"
    assert list(dict.fromkeys(check["area"] for check in seen.json["checks"])) == list(AREAS)
    assert "timers" in {check["area"] for check in seen.json["checks"] if check["level"] == "warning"}
    assert strict.out.splitlines()[0].split("\t") == ["AREA", "CHECK", "LEVEL", "FOUND"]
    assert "make run" in strict.out


def test_a_broken_installation(spooled: CommandLine, environment: Environment) -> None:
    """What fails is told with how to mend it, in exit code 1, and without a secret."""
    gone = f"postgresql://spooled:a-password@127.0.0.1:{free_port()}/spooled"
    seen = spooled("doctor", **environment | {"DATABASE_URL": gone})

    assert seen.code == Exit.FAILED
    assert "database\treachable\tfailed" in seen.out
    assert '    psql "$DATABASE_URL"' in seen.out
    assert "a-password" not in seen.out + seen.err
    assert seen.out.count("needs database reachable") == 1


def test_where_nothing_can_be_looked_at(spooled: CommandLine) -> None:
    """A script that asks whether a secret may go gets no yes where nobody could see; a person may look on."""
    nowhere = {"DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": "", "SPOOLED_DATA_DIR": "/none"}
    asked = "doctor", "--only", "rotation", "--json"
    seen, strict = spooled(*asked, **nowhere), spooled(*asked, "--strict", **nowhere)

    assert (seen.code, strict.code) == (Exit.DONE, Exit.FAILED)
    assert seen.json["result"] == strict.json["result"] == "skipped"


@pytest.mark.parametrize("fallbacks", ["", "the-secret-of-before-it"])
def test_a_rotation_that_the_database_does_not_tell_of(
    spooled: CommandLine, environment: Environment, fallbacks: str
) -> None:
    """While a secret is replaced, a database that is away is a warning: nobody knows whether it may go."""
    gone = f"postgresql://spooled:a-password@127.0.0.1:{free_port()}/spooled"
    broken = environment | {"DATABASE_URL": gone, "SECRET_KEY_FALLBACKS": fallbacks}
    checks = spooled("doctor", "--only", "rotation", "--json", **broken).json["checks"]

    assert [check["level"] for check in checks] == ["warning" if fallbacks else "skipped"] * 2


def test_from_a_machine_with_only_the_url(spooled: CommandLine) -> None:
    """What can be asked over HTTP passes; the rest is skipped and says where to look at it."""
    seen = spooled("doctor", "--json", DATABASE_URL="", REDIS_URL="", SECRET_KEY="", SPOOLED_DATA_DIR="/none")
    levels = {(check["area"], check["check"]): check["level"] for check in seen.json["checks"]}

    assert levels["service", "reachable"] == levels["service", "credential"] == "ok"
    assert {level for (area, _), level in levels.items() if area in {"settings", "database"}} == {"skipped"}
    assert all(check["found"] for check in seen.json["checks"])


def test_every_area_can_be_chosen() -> None:
    """The command and the core know the same areas."""
    assert [area.name for area in ALL] == list(AREAS)


def test_the_servers_of_a_run_are_found_by_its_folder(tmp_path: Path) -> None:
    """In a checkout nobody has to say where `make run` keeps its database; what is set wins."""
    here = {"SPOOLED_DATA_DIR": str(tmp_path)}
    nothing = settings_of_run(here)
    for name, text in {
        "run.lock": "",
        "postgres.port": "5",
        "postgres.secret": "p",
        "server.secret": "s",
    }.items():
        (tmp_path / name).write_text(text)

    found = settings_of_run(here | {"SECRET_KEY": "mine"})

    assert nothing == here
    assert (found["DATABASE_URL"], found["SECRET_KEY"]) == (
        "postgresql://spooled:p@127.0.0.1:5/spooled",
        "mine",
    )
    assert "REDIS_URL" not in found
    assert settings_of_run(here | {"SPOOLED_ENV": "production"}) == here | {"SPOOLED_ENV": "production"}
