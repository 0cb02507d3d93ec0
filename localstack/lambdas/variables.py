"""The environment variables of a Lambda function, and nothing of the machine's."""

import os
from pathlib import Path

from localstack.cloud.deployed import DeployedFunction

CHANGEABLE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC"}


def variables(
    function: DeployedFunction, *, client: Path, port: int, token: str, log_stream: str
) -> dict[str, str]:
    """What Lambda sets goes before what the function asks for, but for a few that a function may change."""
    region = function.arn.split(":")[3]
    return {
        **CHANGEABLE,
        **function.environment,
        "AWS_ACCESS_KEY_ID": "ASIAEMULATED",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_SESSION_TOKEN": token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_RUNTIME_DIR": str(client),
        "LAMBDA_TASK_ROOT": str(function.code),
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(map(str, _import_path(function, client))),
        # Lambda's code folder cannot be written to either.
        "PYTHONDONTWRITEBYTECODE": "1",
        "_HANDLER": function.handler,
    }


def _import_path(function: DeployedFunction, client: Path) -> list[Path]:
    version = function.runtime.removeprefix("python")
    # Lambda unpacks layers over each other: what comes last stands on top.
    layers = [
        path
        for layer in reversed(function.layers)
        for path in (layer / "python" / "lib" / f"python{version}" / "site-packages", layer / "python")
        if path.is_dir()
    ]
    return [function.code, *layers, client]
