"""A secret of Secrets Manager, and the right to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import SecretStr

from infra.policy import Statement, allow
from infra.stack import Stack


@dataclass(frozen=True, slots=True)
class Secret:
    """A group of values in Secrets Manager; known once its value is there: functions read it at start."""

    arn: pulumi.Output[str]
    version: pulumi.Output[str]


def make_secret(
    stack: Stack, group: str, values: Mapping[str, pulumi.Input[str] | SecretStr | None]
) -> Secret:
    """A secret with a JSON object of its values by name, and without those that are not set."""
    secret = aws.secretsmanager.Secret(
        group,
        name=f"{stack.config.prefix}/{group}",
        kms_key_id=stack.key.arn,
        # The name is taken for as long; a development stack is made again the same day.
        recovery_window_in_days=7 if stack.config.environment == "production" else 0,
        tags=stack.tags,
    )
    # `secret_string` is a secret of the provider's: it stands encrypted in the state.
    version = aws.secretsmanager.SecretVersion(
        group,
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps(
            {
                name: value.get_secret_value() if isinstance(value, SecretStr) else value
                for name, value in values.items()
                if value is not None
            }
        ),
    )
    arn = pulumi.Output.all(secret.arn, version.id).apply(lambda both: str(both[0]))
    return Secret(arn, version.id)


def reading(stack: Stack, secrets: Sequence[Secret]) -> list[Statement]:
    """The rights to read these secrets, and to decrypt nothing else than what Secrets Manager keeps."""
    keeper = pulumi.Output.concat("secretsmanager.", stack.region, ".amazonaws.com")
    return [
        allow(["secretsmanager:GetSecretValue"], *(secret.arn for secret in secrets)),
        allow(["kms:Decrypt"], stack.key.arn, condition={"StringEquals": {"kms:ViaService": keeper}}),
    ]
