"""`python -m infra.deploy STACK`: package, then let the Pulumi engine of this machine bring the stack up."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import yaml
from localstack_client.config import get_service_endpoint

from infra.archives import ROOT
from infra.config import PROJECT
from infra.errors import ConfigError
from infra.stack_file import FOLDER, stack_config, stacks

LOCAL = "local"
_SERVICES = (
    "apigatewayv2",
    "cloudwatch",
    "ec2",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sts",
)
"""What the stack `local` is made of, by the provider's names."""


def plan(stack: str, folder: Path, environment: Mapping[str, str]) -> tuple[list[list[str]], dict[str, str]]:
    """The engine's commands and their environment; what is only for this machine is written to `folder`.

    Raises ConfigError for a stack that there is not, an engine that is missing, a LocalStack that is silent.
    """
    if stack not in (known := stacks()):
        asked = f"there is no stack {stack!r}" if stack else "no stack is named"
        raise ConfigError(f"{asked}: write make deploy STACK=..., one of {', '.join(known)}")
    engine = shutil.which("pulumi", path=environment.get("PATH"))
    if engine is None:
        raise ConfigError(
            "the Pulumi engine is missing: no `pulumi` on the PATH. https://www.pulumi.com/docs/install/"
            " has it for every system; `make cloud` runs the same program here without it."
        )
    select = [engine, "-C", str(FOLDER), "stack", "select", "--create", stack]
    up = [engine, "-C", str(FOLDER), "up", "--stack", stack]
    if stack != LOCAL:
        return [select, up], dict(environment)
    folder.mkdir(parents=True, exist_ok=True)
    config = _local_config(folder, environment)
    return [select, [*up, "--config-file", str(config), "--yes", "--skip-preview"]], {
        # The state of a cloud that ends with its container needs no account and no passphrase.
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        **environment,
    }


def _local_config(folder: Path, environment: Mapping[str, str]) -> Path:
    """The stack's configuration, with LocalStack's address, and the servers that are given."""
    endpoint = _localstack()
    config = stack_config(LOCAL) | {
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:endpoints": [dict.fromkeys(_SERVICES, endpoint)],
        "aws:s3UsePathStyle": True,
        "aws:skipCredentialsValidation": True,
        "aws:skipMetadataApiCheck": True,
    }
    for variable, name in (("DATABASE_URL", "databaseUrl"), ("REDIS_URL", "redisUrl")):
        if variable in environment:
            config[f"{PROJECT}:{name}"] = environment[variable]
    path = folder / f"Pulumi.{LOCAL}.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return path


def _localstack() -> str:
    """Where LocalStack answers: as its own tools find it, by AWS_ENDPOINT_URL or LOCALSTACK_HOST."""
    endpoint = get_service_endpoint("sts") or ""
    try:
        with urlopen(f"{endpoint}/_localstack/health", timeout=5):  # noqa: S310 - http, of the developer
            return endpoint
    except (URLError, OSError) as error:
        raise ConfigError(
            f"LocalStack does not answer at {endpoint}: {error}. `docker compose up -d localstack` starts it;"
            " LOCALSTACK_HOST or AWS_ENDPOINT_URL say where it is."
        ) from None


def main(arguments: Sequence[str]) -> int:
    stack = arguments[0] if arguments else ""
    try:
        commands, environment = plan(stack, ROOT / "dist" / "pulumi", os.environ)
    except ConfigError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    for command in [[sys.executable, "-m", "infra.package"], *commands]:
        done = subprocess.run(command, env=environment, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
