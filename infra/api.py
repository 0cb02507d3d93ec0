"""The HTTP API: a route for each function, and what browsers of other origins are told."""

import json
import re
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.function import Function
from infra.logs import make_log_group
from infra.stack import Stack
from shared.edge.cors import ALLOW_HEADERS, ALLOW_METHODS, EXPOSE_HEADERS, MAX_AGE_SECONDS

_WAIT_MILLISECONDS = 30_000
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "sourceIp": "$context.identity.sourceIp",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


class Api(pulumi.ComponentResource):
    """API Gateway, payload 2.0: nothing but routes to functions, with a limit for all callers together."""

    def __init__(self, stack: Stack, functions: Sequence[Function]) -> None:
        super().__init__("spooled:cloud:Api", "api")
        self._stack = stack
        self._own = pulumi.ResourceOptions(parent=self)
        self.api = aws.apigatewayv2.Api(
            "api",
            name=stack.name("api"),
            protocol_type="HTTP",
            cors_configuration={
                "allow_origins": ["*"],
                "allow_methods": list(ALLOW_METHODS),
                "allow_headers": list(ALLOW_HEADERS),
                "expose_headers": list(EXPOSE_HEADERS),
                "max_age": MAX_AGE_SECONDS,
            },
            tags=stack.tags,
            opts=self._own,
        )
        log_group = make_log_group(stack, "api", f"/aws/apigateway/{stack.name('api')}", self)
        aws.apigatewayv2.Stage(
            "api",
            api_id=self.api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": stack.config.api.rate_per_second,
                "throttling_burst_limit": stack.config.api.burst,
                "detailed_metrics_enabled": False,
            },
            access_log_settings={
                "destination_arn": log_group.arn,
                "format": json.dumps(ACCESS_LOG, separators=(",", ":")),
            },
            tags=stack.tags,
            opts=self._own,
        )
        for function in functions:
            self._route(function)
        self.url = self.api.api_endpoint
        self.register_outputs({"url": self.url})

    def _route(self, function: Function) -> None:
        name, key = function.declared.name, function.declared.route_key
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.function.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=_WAIT_MILLISECONDS,
            opts=self._own,
        )
        route = aws.apigatewayv2.Route(
            name,
            api_id=self.api.id,
            route_key=key,
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=self._own,
        )
        # From its own route only, which is written as it is asked for: any value in place of a parameter.
        place = re.sub(r"\{[^}]+\}", "*", key.replace(" ", "")) if " " in key else key
        aws.lambda_.Permission(
            name,
            statement_id="api",
            action="lambda:InvokeFunction",
            function=function.function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/*/", place),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[route]),
        )
