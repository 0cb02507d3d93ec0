"""`make cloud`: the stack is declared, made in the emulated cloud, and what then stands there is run."""

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from socket import socket

import uvloop

from infra.archives import own_architecture
from infra.config import PROJECT, Config
from infra.package import build
from infra.program import declare
from localstack.cloud.deploy import deploy
from localstack.cloud.emulator import Emulator
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import DeployError
from localstack.cloud.read_back import read_back, read_function
from localstack.cloud.scheduler import run_schedules
from localstack.cloud.secrets import CloudSecrets
from localstack.cloud.stack_values import stack_values
from localstack.foreground import Run, beside, foreground
from localstack.gateway import Gateway
from localstack.greeting import greet
from localstack.lambdas.model import Invocation
from localstack.lambdas.output import LogFolder
from localstack.lambdas.pool import Lambdas
from shared.edge.process.errors import StartError
from shared.edge.process.http import claimed_http, serving_http, url_of

STACK = "local"
FOLDER = ".data/cloud"
MORE = """\
  Logs           {folder}/aws/lambda   (a file per function; mail too, while no mail server is set)
  Streams        not here: gRPC, /events and /ws are a container in the cloud; `make run` has them
"""


def run_cloud(environment: Mapping[str, str]) -> None:
    """Run the cloud until asked to end. Everything started here has ended when this returns or raises."""
    folder = environment.get("SPOOLED_DATA_DIR") or FOLDER
    with (
        foreground({**environment, "SPOOLED_DATA_DIR": folder}, claimed_http) as run,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_run(run))


async def _run(run: Run[socket]) -> None:
    logs = LogFolder(run.home / "logs")
    with Emulator() as cloud:
        await _deploy(run, cloud, logs)
        _say("Reading the stack back from there.")
        deployed = await asyncio.to_thread(read_back, cloud, f"{PROJECT}-{STACK}", run.home / "code")
        async with Lambdas(deployed.functions, secrets=CloudSecrets(cloud), logs=logs) as lambdas:
            gateway = Gateway(deployed, lambdas.invoke)
            schedules = run_schedules(deployed.schedules, lambdas.invoke)
            serving = serving_http(gateway, run.settings, run.listeners)
            with run.ending.told() as told:
                async with beside(schedules), serving:
                    greet(url_of(run.listeners, run.settings), run.home, MORE.format(folder=logs.folder))
                    await told.wait()


async def _deploy(run: Run[socket], cloud: Endpoint, logs: LogFolder) -> None:
    _say("Building the archives of the functions.")
    archives = await asyncio.to_thread(build, run.home / "archives", [own_architecture()])
    config = Config.read(STACK, stack_values(STACK, run.environment))

    async def invoke(name: str, payload: bytes) -> Invocation:
        """The migration step, called while nothing but itself is there."""
        step = await asyncio.to_thread(read_function, cloud, name, run.home / "code")
        async with Lambdas({name: step}, secrets=CloudSecrets(cloud), logs=logs) as alone:
            return await alone.invoke(name, payload)

    _say("Deploying the stack to an emulated cloud, with its database migration.")
    try:
        await deploy(partial(declare, config, archives), cloud, stack=STACK, invoke=invoke)
    except DeployError as error:
        raise StartError(f"The stack cannot be deployed: {error}") from error


def _say(progress: str) -> None:
    """A start takes half a minute the first time, and silence would look like a fault."""
    sys.stdout.write(f"{progress}\n")
    sys.stdout.flush()
