"""A function reads its secrets through the extension's endpoint, with the rights of its role alone."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from localstack.cloud.deployed import DeployedFunction
from localstack.cloud.endpoint import REGION, Endpoint
from localstack.cloud.secrets import CloudSecrets
from localstack.lambdas.pool import Lambdas
from tests.support.lambdas import Workshop, call

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
READING = """
import http.client
import json
import os
from urllib.parse import quote


def read(arn, token=os.environ["AWS_SESSION_TOKEN"]):
    port = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
    connection = http.client.HTTPConnection("localhost", int(port))
    headers = {"X-Aws-Parameters-Secrets-Token": token} if token else {}
    connection.request("GET", "/secretsmanager/get?secretId=" + quote(arn), headers=headers)
    reply = connection.getresponse()
    return [reply.status, json.loads(reply.read())]


while_loading = read("any")


def handler(event, _):
    return while_loading if event == "while loading" else read(*event)
"""


class World:
    """A secret under a key of its own, and a role that a test gives rights to."""

    def __init__(self, cloud: Endpoint, function: DeployedFunction) -> None:
        self.role = function.name
        self.iam = cloud.client("iam")
        self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=TRUST)
        self.key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        secret = cloud.client("secretsmanager").create_secret(
            Name=function.name, SecretString='{"A": "b"}', KmsKeyId=self.key
        )
        self.secret = secret["ARN"]

    def permit(self, policy: str, action: str, resource: str, **more: Any) -> None:
        self.iam.put_role_policy(
            RoleName=self.role, PolicyName=policy, PolicyDocument=_document(action, resource, **more)
        )

    def permit_by_managed_policy(self, action: str, resource: str) -> None:
        policy = self.iam.create_policy(
            PolicyName=f"{self.role}-managed", PolicyDocument=_document(action, resource)
        )
        self.iam.attach_role_policy(RoleName=self.role, PolicyArn=policy["Policy"]["Arn"])


def _document(action: str, resource: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def opened(workshop: Workshop, cloud: Endpoint, function: DeployedFunction) -> Lambdas:
    return Lambdas({function.name: function}, secrets=CloudSecrets(cloud), logs=workshop.logs)


async def test_secret_with_the_right(workshop: Workshop, cloud: Endpoint) -> None:
    """A role that may read the secret and use its key gets what GetSecretValue answers."""
    function = workshop.function(READING, name="permitted")
    world = World(cloud, function)
    world.permit("secrets", "secretsmanager:GetSecretValue", world.secret)
    world.permit_by_managed_policy("kms:Decrypt", world.key)
    async with opened(workshop, cloud, function) as lambdas:
        status, answer = await call(lambdas, "permitted", [world.secret])

    assert (status, answer["ARN"], answer["SecretString"]) == (200, world.secret, '{"A": "b"}')


async def test_secret_without_the_right(workshop: Workshop, cloud: Endpoint) -> None:
    """Each right that is missing is named; one that is given works at once, and a Deny stands above it."""
    function = workshop.function(READING, name="denied")
    world = World(cloud, function)
    async with opened(workshop, cloud, function) as lambdas:

        async def read() -> tuple[int, str, str]:
            status, answer = await call(lambdas, "denied", [world.secret])
            return status, answer.get("__type"), answer.get("Message", "").partition(" because ")[0]

        def refusal(action: str, resource: str) -> tuple[int, str, str]:
            message = f"The role denied is not authorized to perform: {action} on resource: {resource}"
            return 400, "AccessDeniedException", message

        assert await read() == refusal("secretsmanager:GetSecretValue", world.secret)
        world.permit("secrets", "secretsmanager:GetSecretValue", world.secret)
        assert await read() == refusal("kms:Decrypt", world.key)
        world.permit("key", "kms:Decrypt", world.key)
        assert (await read())[0] == 200
        world.permit("denial", "secretsmanager:*", "*", Effect="Deny")
        assert await read() == refusal("secretsmanager:GetSecretValue", world.secret)


@pytest.mark.parametrize(("service", "status"), [("secretsmanager", 200), ("s3", 400)])
async def test_key_for_one_service(workshop: Workshop, cloud: Endpoint, service: str, status: int) -> None:
    """A right to use the key through Secrets Manager is enough; one through another service is none."""
    function = workshop.function(READING, name=f"through-{service}")
    world = World(cloud, function)
    world.permit("secrets", "secretsmanager:GetSecretValue", world.secret)
    through = {"StringEquals": {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}}
    world.permit("key", "kms:Decrypt", world.key, Condition=through)
    async with opened(workshop, cloud, function) as lambdas:
        assert (await call(lambdas, function.name, [world.secret]))[0] == status


async def test_secrets_out_of_order(workshop: Workshop) -> None:
    """When the cloud itself fails, the function is told so and does not wait."""

    async def broken(*_: object) -> Mapping[str, Any]:
        raise ConnectionError("no cloud")

    function = workshop.function(READING)
    async with Lambdas({"probe": function}, secrets=broken, logs=workshop.logs) as lambdas:
        assert (await call(lambdas, event=["any"]))[0] == 500


async def test_right_to_another_secret(workshop: Workshop, cloud: Endpoint) -> None:
    """A right to one secret is none to another."""
    function = workshop.function(READING, name="other")
    world = World(cloud, function)
    world.permit("secrets", "secretsmanager:GetSecretValue", f"{world.secret}-2")
    async with opened(workshop, cloud, function) as lambdas:
        status, answer = await call(lambdas, "other", [world.secret])

    assert (status, answer["__type"]) == (400, "AccessDeniedException")


async def test_secret_that_is_not_there(workshop: Workshop, cloud: Endpoint) -> None:
    """An ARN of no secret is AWS's error for it."""
    function = workshop.function(READING)
    async with opened(workshop, cloud, function) as lambdas:
        status, answer = await call(lambdas, event=[cloud.arn("secretsmanager", "secret:none")])

    assert (status, answer["__type"]) == (400, "ResourceNotFoundException")


async def test_extension_asks_for_the_session_token(workshop: Workshop) -> None:
    """Whoever has not the token of this environment is not answered, and nobody is while it is loading."""
    async with workshop.running(workshop.function(READING)) as lambdas:
        assert (await call(lambdas, event=["any", ""]))[0] == 401
        assert (await call(lambdas, event=["any", "another"]))[0] == 403
        status, answer = await call(lambdas, event="while loading")

    assert (status, answer["Message"]) == (400, "not ready to serve traffic, please wait")
