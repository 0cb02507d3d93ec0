"""Secrets Manager: the secret settings, in groups; a function reads those of what it uses."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import SecretStr

from infra.config import Config
from infra.declared import Declared
from infra.servers import Servers
from infra.stack import Stack
from shared.edge.uses import Use

Values = Mapping[str, pulumi.Input[str] | SecretStr | None]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The ARNs of the groups."""

    database: pulumi.Output[str]
    server: pulumi.Output[str]
    owner: pulumi.Output[str] | None
    of_uses: Mapping[Use, pulumi.Output[str]]

    def of(self, declared: Declared) -> list[pulumi.Output[str]]:
        """Those that a function may read."""
        if declared.kind == "deploy":
            return [self.database, self.server] + ([self.owner] if self.owner else [])
        words = sorted(declared.uses & self.of_uses.keys())
        return [self.database, self.server] + [self.of_uses[word] for word in words]


def make_secrets(
    stack: Stack,
    servers: Servers,
) -> Secrets:
    config = stack.config
    where = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    owner = servers.owner_database_url
    return Secrets(
        database=make_secret(stack, "database", where),
        server=make_secret(stack, "server", _of_the_server(config)),
        owner=None if owner is None else make_secret(stack, "owner", {"OWNER_DATABASE_URL": owner}),
        of_uses={
            "mail": make_secret(stack, "mail", {"SMTP_URL": config.smtp_url, "MAIL_FROM": config.mail_from}),
            "stripe": make_secret(
                stack,
                "stripe",
                {
                    "STRIPE_SECRET_KEY": config.stripe_secret_key,
                    "STRIPE_WEBHOOK_SECRET": config.stripe_webhook_secret,
                },
            ),
        },
    )


def make_secret(stack: Stack, group: str, values: Values) -> pulumi.Output[str]:
    """A secret with a JSON object of its values by name, and without those that are not set; its ARN."""
    secret = aws.secretsmanager.Secret(
        group,
        name=f"{stack.config.prefix}/{group}",
        kms_key_id=stack.key.arn,
        # The name is taken for as long; a development stack is made again the same day.
        recovery_window_in_days=7 if stack.config.environment == "production" else 0,
        tags=stack.tags,
    )
    text = pulumi.Output.json_dumps(
        {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in values.items()
            if value is not None
        }
    )
    # `secret_string` is a secret of the provider's: it stands encrypted in the state.
    version = aws.secretsmanager.SecretVersion(group, secret_id=secret.id, secret_string=text)
    # Not before the value is there: a function reads it when it starts.
    return pulumi.Output.all(secret.arn, version.id).apply(lambda both: str(both[0]))


def _of_the_server(config: Config) -> Values:
    return {
        "SECRET_KEY": config.secret_key,
        "ADMIN_API_KEY": config.admin_api_key,
        "METRICS_TOKEN": config.metrics_token,
    }
