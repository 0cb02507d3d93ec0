"""Parts of the stack without a deployment: the code is this repository, the layer what is installed here."""

import sysconfig
from collections.abc import Mapping
from pathlib import Path

import functions
from localstack.cloud.deployed import Deployed, DeployedFunction, DeployedRoute
from shared.settings import Settings
from tests.support.functions_in_process import CORS
from tests.support.lambdas import RUNTIME


def installed_layer(folder: Path) -> Path:
    (folder / "python").symlink_to(sysconfig.get_path("purelib"))
    return folder


def function_from_tree(
    module: str, settings: Settings, layer: Path, *, timeout_seconds: int = 30
) -> DeployedFunction:
    """A function file with these settings around it."""
    known = settings.model_dump(exclude_defaults=True)
    return DeployedFunction(
        name=module,
        arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{module}",
        handler=f"{module}.handler",
        runtime=RUNTIME,
        code=Path(functions.__file__).parent.parent,
        layers=(layer,),
        environment={name.upper(): str(value) for name, value in known.items()},
        memory_mb=512,
        timeout_seconds=timeout_seconds,
        reserved_concurrency=None,
        role_arn="arn:aws:iam::123456789012:role/any",
        log_group=f"/aws/lambda/{module}",
    )


def deployed_from_tree(
    routes: Mapping[str, str], settings: Settings, layer: Path, *, timeout_seconds: int = 30
) -> Deployed:
    """These routes, by the modules of their functions."""
    return Deployed(
        functions={
            module: function_from_tree(module, settings, layer, timeout_seconds=timeout_seconds)
            for module in routes.values()
        },
        routes=tuple(DeployedRoute(key, module, 30.0) for key, module in routes.items()),
        cors=CORS,
        schedules=(),
    )
