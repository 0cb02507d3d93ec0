"""What the application serves, beside what the program declares: the faults between the two."""

import json
from collections.abc import Iterator

from functions.app import every_function
from infra.declared import read_functions
from tests.support.program import Program

PREFIX = "spooled-test-"
ONE_OF_EACH = {
    "lambda/function:Function": "Lambda",
    "iam/role:Role": "role",
    "iam/rolePolicy:RolePolicy": "policy",
    "cloudwatch/logGroup:LogGroup": "log group",
}


def faults(program: Program) -> list[str]:
    """Everything that a function of the application lacks in the cloud, by name."""
    endpoints, ticks = every_function()
    found: list[str] = []
    for endpoint in endpoints:
        name = endpoint.operation_id.replace("_", "-")
        found += _of_function(program, name, frozenset(endpoint.uses))
        found += _of_route(program, name, f"{endpoint.method} {endpoint.path}")
    for tick in ticks:
        name = f"ticks-{tick.name}"
        found += _of_function(program, name, frozenset(tick.uses))
        found += _of_schedule(program, name, tick.every_seconds)
    found += [
        *_of_function(program, "edge-default", frozenset()),
        *_of_route(program, "edge-default", "$default"),
    ]
    found += _of_function(program, "deploy-migrate", frozenset())
    if "deploy-migrate" not in program.by_name("lambda/invocation:Invocation"):
        found.append("deploy-migrate is not called")
    known = {declared.name for declared in read_functions()}
    found += [
        f"{name} has no file" for name in program.by_name("lambda/function:Function") if name not in known
    ]
    return found


def _of_function(program: Program, name: str, uses: frozenset[str]) -> Iterator[str]:
    missing = [word for type_, word in ONE_OF_EACH.items() if name not in program.by_name(type_)]
    if missing:
        yield from (f"{name} has no {word}" for word in missing)
        return
    alarm = program.by_name("cloudwatch/metricAlarm:MetricAlarm").get(f"{name}-errors")
    if alarm is None or alarm["dimensions"] != {"FunctionName": f"{PREFIX}{name}"}:
        yield f"{name} has no alarm"
    if not program.by_name("cloudwatch/logGroup:LogGroup")[name].get("retentionInDays"):
        yield f"{name} keeps its log for ever"
    function = program.by_name("lambda/function:Function")[name]
    yield from _of_secrets(program, name, function["environment"]["variables"]["SETTINGS_SECRETS"], uses)
    if "vpcConfig" in function:
        has_way_out = all(subnet.startswith("outbound") for subnet in function["vpcConfig"]["subnetIds"])
        if has_way_out != ("internet" in uses):
            yield f"{name} has {'a' if has_way_out else 'no'} way out"


def _of_secrets(program: Program, name: str, told: str, uses: frozenset[str]) -> Iterator[str]:
    """Each group that it uses is named in its environment, and its role may read it."""
    policy = json.loads(program.by_name("iam/rolePolicy:RolePolicy")[name]["policy"])
    allowed = {
        action: s["Resource"] for s in policy["Statement"] for action in s["Action"] if s["Effect"] == "Allow"
    }
    for group in sorted({"database", "server"} | (uses & {"mail", "stripe"})):
        if not any(arn.endswith(f"/{group}") for arn in told.split(",")):
            yield f"{name} is not told of the secret {group}"
        if not any(arn.endswith(f"/{group}") for arn in allowed.get("secretsmanager:GetSecretValue", [])):
            yield f"{name} may not read the secret {group}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt"):
        if action not in allowed:
            yield f"{name} may not {action}"


def _of_route(program: Program, name: str, key: str) -> Iterator[str]:
    route = program.by_name("apigatewayv2/route:Route").get(name)
    if route is None or route["routeKey"] != key or route["target"] != f"integrations/{name}-id":
        yield f"{key} leads nowhere"
    integration = program.by_name("apigatewayv2/integration:Integration").get(name)
    if integration is None or not integration["integrationUri"].endswith(f"{PREFIX}{name}/invocations"):
        yield f"{key} calls nothing"
    permission = program.by_name("lambda/permission:Permission").get(name)
    if permission is None or permission["function"] != f"{PREFIX}{name}":
        yield f"{key} may not call {name}"


def _of_schedule(program: Program, name: str, every_seconds: int) -> Iterator[str]:
    schedule = program.by_name("scheduler/schedule:Schedule").get(name)
    if schedule is None or schedule["scheduleExpression"] != f"rate({every_seconds // 60} minutes)":
        yield f"{name} is never started"
    right = program.by_name("iam/rolePolicy:RolePolicy").get(f"{name}-schedule")
    if right is None or not json.loads(right["policy"])["Statement"][0]["Resource"][0].endswith(
        f"{PREFIX}{name}"
    ):
        yield f"{name} may not be started"
    if f"{name}-silence" not in program.by_name("cloudwatch/metricAlarm:MetricAlarm"):
        yield f"nobody hears when {name} stands still"
