"""The long-lived service of the cloud: what its task is given, and what the balancer in front of it does."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.edge.process.http import GRACE_SECONDS
from shared.settings import Settings
from tests.support.image import STREAMS_IMAGE_FILE, read_image_file
from tests.support.program import PROD, STREAMS, Program, run_program

LONGEST_STOP_OF_FARGATE = 120


@pytest.fixture(scope="module")
def container(prod: Program) -> dict[str, Any]:
    return container_of(prod)


def container_of(program: Program) -> dict[str, Any]:
    (task,) = program.of("ecs/taskDefinition:TaskDefinition")
    (found,) = json.loads(task.inputs["containerDefinitions"])
    return dict(found)


def test_the_container_is_given_settings_that_exist(container: dict[str, Any]) -> None:
    """Its variables and secrets are settings, together all that the process refuses to start without."""
    plain = {one["name"]: one["value"] for one in container["environment"]}
    secret = {one["name"]: "redis://a-secret-of-16-letters" for one in container["secrets"]}
    secret["DATABASE_URL"] = "postgresql://u:p@h/d"

    assert {*plain, *secret} <= {name.upper() for name in Settings.model_fields}
    assert not plain.keys() & secret.keys()
    settings = Settings.from_environment(plain | secret)
    assert (settings.spooled_env, settings.tls_is_on) == ("production", False)
    assert settings.forwarded_allow_ips == "10.60.0.0/16"


def test_a_secret_that_is_replaced_is_read_where_there_is_one(container: dict[str, Any], tree: Path) -> None:
    """The task asks for the other server secrets only while they are set: else it would not start."""
    secrets = f"{'a' * 32},{'b' * 32}"
    replacing = run_program(PROD | {"streams": STREAMS, "secretKeyFallbacks": secrets}, functions=tree)
    names = [{one["name"] for one in found["secrets"]} for found in (container, container_of(replacing))]
    held = [
        json.loads(one.inputs["secretString"])
        for one in replacing.of("secretsmanager/secretVersion:SecretVersion")
    ]

    assert names[1] - names[0] == {"SECRET_KEY_FALLBACKS"}
    assert [one["SECRET_KEY_FALLBACKS"] for one in held if "SECRET_KEY" in one] == [secrets]


def test_ports_of_image_container_and_balancer_agree(container: dict[str, Any], prod: Program) -> None:
    """The ports that the image exposes are those that are mapped, listened on and sent to."""
    exposed = dict(read_image_file(STREAMS_IMAGE_FILE).steps)["EXPOSE"].split()
    plain = {one["name"]: one["value"] for one in container["environment"]}
    (service,) = prod.of("ecs/service:Service")

    assert exposed == [plain["PORT"], plain["GRPC_PORT"]]
    assert exposed == [str(one["containerPort"]) for one in container["portMappings"]]
    assert exposed == [str(int(one["containerPort"])) for one in service.inputs["loadBalancers"]]
    assert {one["containerName"] for one in service.inputs["loadBalancers"]} == {container["name"]}


@pytest.mark.parametrize("seconds", [0, 10, 100])
def test_a_task_may_drain_before_it_is_killed(seconds: int, tree: Path) -> None:
    """The drain and the last requests fit into the time that a task is given to stop."""
    streams = json.dumps(json.loads(STREAMS) | {"drainSeconds": seconds})
    program = run_program(PROD | {"streams": streams}, functions=tree)
    container = container_of(program)
    plain = {one["name"]: one["value"] for one in container["environment"]}

    assert plain["DRAIN_SECONDS"] == str(seconds)
    assert seconds + GRACE_SECONDS < container["stopTimeout"] <= LONGEST_STOP_OF_FARGATE
    assert {group["deregistrationDelay"] for group in groups(program).values()} == {seconds}


def test_the_balancer_asks_for_the_health_of_both(prod: Program) -> None:
    """HTTP by the route that looks at no server, gRPC by its health service: a task outlives the database."""
    checks = {
        group["protocolVersion"]: (group["healthCheck"]["path"], group["healthCheck"]["matcher"])
        for group in groups(prod).values()
    }

    assert checks == {"HTTP1": ("/health/live", "200"), "GRPC": ("/grpc.health.v1.Health/Check", "0")}


def test_streams_may_be_silent_for_long_and_are_encrypted(prod: Program) -> None:
    """The balancer waits for its longest, and lets nobody in but by TLS, gRPC by its type of content."""
    (balancer,) = prod.of("lb/loadBalancer:LoadBalancer")
    (listener,) = prod.of("lb/listener:Listener")
    (rule,) = prod.of("lb/listenerRule:ListenerRule")

    assert balancer.inputs["idleTimeout"] == 4_000
    assert (listener.inputs["port"], listener.inputs["protocol"]) == (443, "HTTPS")
    assert rule.inputs["conditions"][0]["httpHeader"]["values"] == ["application/grpc*"]


def test_the_container_has_no_right_that_it_does_not_need(container: dict[str, Any]) -> None:
    """It writes to no file system and holds no capability."""
    assert container["readonlyRootFilesystem"]
    assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}


def groups(program: Program) -> dict[str, dict[str, Any]]:
    return program.by_name("lb/targetGroup:TargetGroup")
