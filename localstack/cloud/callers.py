"""What invokes a function in a cloud, routes and schedules, and whether it may."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.cloud.deployed import DeployedFunction, DeployedRoute, DeployedSchedule
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.rights import INVOKE, Rights

_GATEWAY = "apigateway.amazonaws.com"
_SCHEDULER = "scheduler.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Callers:
    """Reads routes and schedules; one that AWS would not let through is `refused`."""

    cloud: Endpoint
    rights: Rights
    functions: Mapping[str, DeployedFunction]

    def route(
        self, api: str, route: Mapping[str, Any], integrations: Mapping[str, Mapping[str, Any]]
    ) -> DeployedRoute:
        """A route with its integration, one of the API's."""
        key = route["RouteKey"]
        integration = integrations.get(route.get("Target", "").removeprefix("integrations/"))
        if integration is None:
            return DeployedRoute(key, "", 0, "it has no integration")
        name = _function_name(integration.get("IntegrationUri", ""))
        refused = self._integration_fault(integration) or self._gateway_fault(api, key, name)
        return DeployedRoute(key, name, integration["TimeoutInMillis"] / 1000, refused)

    def schedule(self, schedule: Mapping[str, Any]) -> DeployedSchedule:
        """A schedule with its target and the role that it starts it with."""
        target = schedule["Target"]
        return DeployedSchedule(
            name=schedule["Name"],
            expression=schedule["ScheduleExpression"],
            function=_function_name(target["Arn"]),
            payload=target.get("Input", "{}"),
            refused=self._scheduler_fault(schedule["GroupName"], target["RoleArn"], target["Arn"]),
        )

    def _integration_fault(self, integration: Mapping[str, Any]) -> str:
        kind, payload = integration["IntegrationType"], integration.get("PayloadFormatVersion")
        if (kind, payload) == ("AWS_PROXY", "2.0"):
            return ""
        return f"its integration is {kind} with payload {payload}, not AWS_PROXY with payload 2.0"

    def _gateway_fault(self, api: str, key: str, name: str) -> str:
        if name not in self.functions:
            return f"its integration names the function {name!r}, which is not there"
        source = self.cloud.arn("execute-api", f"{api}/*/{key.replace(' ', '')}")
        if self.rights.may_invoke(_GATEWAY, self.functions[name].arn, self._context(source)):
            return ""
        return f"the function {name} does not permit {INVOKE} to {_GATEWAY} from {source}"

    def _scheduler_fault(self, group: str, role: str, target: str) -> str:
        name = _function_name(target)
        if name not in self.functions:
            return f"its target names the function {name!r}, which is not there"
        source = self.cloud.arn("scheduler", f"schedule-group/{group}")
        if not self.rights.may_assume(_SCHEDULER, role, self._context(source)):
            return f"the role {role} does not let {_SCHEDULER} assume it for {source}"
        if not self.rights.role_allows(role, INVOKE, target):
            return f"the role {role} does not allow {INVOKE} on {target}"
        return ""

    def _context(self, source: str) -> dict[str, str]:
        return {"aws:SourceArn": source, "aws:SourceAccount": self.cloud.account}


def _function_name(arn: str) -> str:
    """The name in a function's ARN, or in the URI that an integration makes of it."""
    found = re.search(r":function:([^:/]+)", arn)
    return found[1] if found else arn
