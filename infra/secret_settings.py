"""Secrets Manager: the secret settings, in groups; a function reads those of what it uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.declared import Declared
from infra.secret import Secret, make_secret
from infra.servers import Servers
from infra.stack import Stack
from shared.edge.uses import Use


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """The groups."""

    database: Secret
    server: Secret
    owner: Secret | None
    of_uses: Mapping[Use, Secret]

    def of(self, declared: Declared) -> list[Secret]:
        """Those that a function may read."""
        groups = [self.database, self.server]
        if declared.kind == "deploy" and self.owner is not None:
            groups.append(self.owner)
        return groups + [self.of_uses[word] for word in sorted(declared.uses & self.of_uses.keys())]


def make_secret_settings(stack: Stack, servers: Servers) -> SecretSettings:
    config = stack.config
    owner = servers.owner_database_url
    return SecretSettings(
        database=make_secret(
            stack, "database", {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        ),
        server=make_secret(
            stack,
            "server",
            {
                "SECRET_KEY": config.secret_key,
                "SECRET_KEY_FALLBACKS": config.secret_key_fallbacks,
                "ADMIN_API_KEY": config.admin_api_key,
                "METRICS_TOKEN": config.metrics_token,
            },
        ),
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
