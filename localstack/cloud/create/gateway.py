"""The HTTP API: routes, integrations, stage."""

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _api(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    api = cloud.client("apigatewayv2").create_api(
        Name=name,
        Tags=inputs.tag_map(),
        **inputs.carry("corsConfiguration", "description", "disableExecuteApiEndpoint", "protocolType"),
    )
    return Made(
        api["ApiId"],
        {
            "name": name,
            "apiEndpoint": api["ApiEndpoint"],
            "arn": f"arn:aws:apigateway:{cloud.region}::/apis/{api['ApiId']}",
            "executionArn": cloud.arn("execute-api", f"{api['ApiId']}"),
        },
    )


def _integration(cloud: Endpoint, inputs: Inputs) -> Made:
    integration = cloud.client("apigatewayv2").create_integration(
        **inputs.carry(
            "apiId",
            "connectionId",
            "connectionType",
            "description",
            "integrationMethod",
            "integrationType",
            "integrationUri",
            "payloadFormatVersion",
            timeoutMilliseconds="TimeoutInMillis",
        )
    )
    return Made(integration["IntegrationId"], {})


def _route(cloud: Endpoint, inputs: Inputs) -> Made:
    route = cloud.client("apigatewayv2").create_route(
        **inputs.carry("apiId", "authorizationType", "authorizerId", "operationName", "routeKey", "target")
    )
    return Made(route["RouteId"], {})


def _stage(cloud: Endpoint, inputs: Inputs) -> Made:
    api, name = inputs.take("apiId"), inputs.name()
    cloud.client("apigatewayv2").create_stage(
        ApiId=api,
        StageName=name,
        Tags=inputs.tag_map(),
        **inputs.carry("accessLogSettings", "autoDeploy", "defaultRouteSettings", "description"),
    )
    return Made(
        name,
        {
            "name": name,
            "invokeUrl": f"https://{api}.execute-api.{cloud.region}.amazonaws.com/",
            "arn": f"arn:aws:apigateway:{cloud.region}::/apis/{api}/stages/{name}",
            "executionArn": cloud.arn("execute-api", f"{api}/{name}"),
        },
    )


CREATE: dict[str, Create] = {
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/integration:Integration": _integration,
    "aws:apigatewayv2/route:Route": _route,
    "aws:apigatewayv2/stage:Stage": _stage,
}
