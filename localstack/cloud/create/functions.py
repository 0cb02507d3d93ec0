"""Lambda functions, their layers and who may call them."""

from pathlib import Path
from typing import Any

from pulumi import FileArchive

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _code(inputs: Inputs) -> dict[str, Any]:
    archive = inputs.take("code")
    if archive is None:
        return inputs.carry(s3Bucket="S3Bucket", s3Key="S3Key", s3ObjectVersion="S3ObjectVersion")
    assert isinstance(archive, FileArchive), "code is an archive file or an object of a bucket"
    return {"ZipFile": Path(archive.path).read_bytes()}


def _function(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("lambda")
    name = inputs.name()
    inputs.pass_over("sourceCodeHash", "skipDestroy")
    reserved = inputs.take("reservedConcurrentExecutions")
    function = client.create_function(
        FunctionName=name,
        Code=_code(inputs),
        Tags=inputs.tag_map(),
        **_environment(inputs),
        **inputs.carry(
            "architectures",
            "description",
            "ephemeralStorage",
            "handler",
            "layers",
            "loggingConfig",
            "memorySize",
            "packageType",
            "publish",
            "role",
            "runtime",
            "snapStart",
            "timeout",
            "tracingConfig",
            "vpcConfig",
            kmsKeyArn="KMSKeyArn",
        ),
    )
    if reserved is not None and reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    arn = function["FunctionArn"]
    return Made(
        name,
        {
            "arn": arn,
            "name": name,
            "codeSha256": function["CodeSha256"],
            "invokeArn": (
                f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
            ),
            "qualifiedArn": f"{arn}:{function['Version']}",
            "version": function["Version"],
        },
    )


def _environment(inputs: Inputs) -> dict[str, Any]:
    # Names of variables stay as they are: what the rest of a request is capitalised for does not hold here.
    environment = inputs.take("environment")
    return {} if environment is None else {"Environment": {"Variables": environment.get("variables", {})}}


def _permission(cloud: Endpoint, inputs: Inputs) -> Made:
    function = inputs.take("function")
    statement = inputs.name("statementId")
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId=statement,
        **inputs.carry("action", "principal", "qualifier", "sourceAccount", "sourceArn"),
    )
    return Made(statement, {"statementId": statement})


def _layer(cloud: Endpoint, inputs: Inputs) -> Made:
    inputs.pass_over("sourceCodeHash", "skipDestroy")
    layer = cloud.client("lambda").publish_layer_version(
        LayerName=inputs.name("layerName"),
        Content=_code(inputs),
        **inputs.carry("compatibleArchitectures", "compatibleRuntimes", "description", "licenseInfo"),
    )
    return Made(
        layer["LayerVersionArn"],
        {
            "arn": layer["LayerVersionArn"],
            "layerArn": layer["LayerArn"],
            "version": str(layer["Version"]),
            "codeSha256": layer["Content"]["CodeSha256"],
        },
    )


def _asynchronous(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.take("functionName")
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=name, **inputs.carry("maximumEventAgeInSeconds", "maximumRetryAttempts")
    )
    return Made(name, {})


CREATE: dict[str, Create] = {
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _asynchronous,
    "aws:lambda/layerVersion:LayerVersion": _layer,
    "aws:lambda/permission:Permission": _permission,
}
