"""What Pulumi's mock runtime asks of an engine, answered by creating the resource at an endpoint."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from pulumi.runtime import Mocks
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from localstack.cloud.create import (
    database,
    functions,
    gateway,
    iam,
    network,
    observability,
    schedules,
    secrets,
    storage,
    streams,
)
from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.create.not_emulated import NOT_EMULATED
from localstack.cloud.create.questions import ANSWERS
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import DeployError
from localstack.cloud.runtime import plain

CREATE: Mapping[str, Create] = {
    **database.CREATE,
    **functions.CREATE,
    **gateway.CREATE,
    **iam.CREATE,
    **network.CREATE,
    **observability.CREATE,
    **schedules.CREATE,
    **secrets.CREATE,
    **storage.CREATE,
    **streams.CREATE,
}
_INVOCATION = "aws:lambda/invocation:Invocation"

InvokeNow = Callable[[str, str], str]
"""Invoke a function by name with a JSON payload and wait for its JSON answer."""


class Resource(NamedTuple):
    """One resource that the program declared, as it now stands."""

    type: str
    name: str
    id: str


class CloudMocks(Mocks):
    """Creates each resource at the endpoint; called from Pulumi's worker threads, several at once."""

    def __init__(self, cloud: Endpoint, invoke: InvokeNow) -> None:
        self._cloud = cloud
        self._invoke = invoke
        self._lock = Lock()
        self.made: list[Resource] = []
        self.refused: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Create the resource, or say which one cannot be and why."""
        if not args.custom or args.typ.startswith("pulumi:"):
            return args.name, {}  # a component, or the provider: a name for others
        inputs = Inputs(args.name, plain(args.inputs))
        try:
            made = self._make(args.typ, inputs)
            inputs.nothing_is_left()
        except Exception as error:
            refusal = f"{args.typ} {args.name!r}: {error}"
            with self._lock:
                self.refused.append(refusal)
            raise DeployError(refusal) from error
        with self._lock:
            self.made.append(Resource(args.typ, args.name, made.id))
        return made.id, dict(made.outputs)

    def _make(self, kind: str, inputs: Inputs) -> Made:
        if kind == _INVOCATION:
            return self._invocation(inputs)
        if kind in NOT_EMULATED:
            return NOT_EMULATED[kind].make(self._cloud, inputs)
        if kind not in CREATE:
            raise DeployError(
                f"nothing in localstack/cloud/create makes a {kind}:"
                " add it to the module of its area, or to not_emulated.py with the reason"
            )
        return CREATE[kind](self._cloud, inputs)

    def _invocation(self, inputs: Inputs) -> Made:
        name = inputs.take("functionName")
        inputs.pass_over("qualifier", "triggers", "lifecycleScope", "terraformKey")
        result = self._invoke(name, inputs.take("input"))
        return Made(name, {"result": result})

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer what a program asks the provider: the account, the region, the availability zones."""
        if args.token not in ANSWERS:
            raise DeployError(f"Nothing in localstack/cloud/create/questions.py answers {args.token}.")
        return ANSWERS[args.token](self._cloud, args.args), []
