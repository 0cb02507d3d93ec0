"""Buckets and the objects in them."""

from pathlib import Path
from typing import Any

from pulumi import FileArchive, FileAsset, StringAsset

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _bucket(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name("bucket")
    inputs.pass_over("forceDestroy")
    client = cloud.client("s3")
    client.create_bucket(Bucket=name)
    if tags := inputs.tags():
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    return Made(name, {"bucket": name, "arn": f"arn:aws:s3:::{name}"})


def _object(cloud: Endpoint, inputs: Inputs) -> Made:
    bucket, key = inputs.take("bucket"), inputs.name("key")
    inputs.pass_over("sourceHash", "forceDestroy", "tags", "tagsAll")
    cloud.client("s3").put_object(
        Bucket=bucket, Key=key, Body=_body(inputs), **inputs.carry("contentType", "serverSideEncryption")
    )
    return Made(f"{bucket}/{key}", {"bucket": bucket, "key": key})


def _body(inputs: Inputs) -> bytes:
    source: Any = inputs.take("source")
    match source:
        case FileAsset() | FileArchive():
            return Path(source.path).read_bytes()
        case StringAsset():
            return str(source.text).encode()
        case _:
            return str(inputs.take("content")).encode()


def _public_access(cloud: Endpoint, inputs: Inputs) -> Made:
    bucket = inputs.take("bucket")
    cloud.client("s3").put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=inputs.carry(
            "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"
        ),
    )
    return Made(bucket, {})


def _versioning(cloud: Endpoint, inputs: Inputs) -> Made:
    bucket = inputs.take("bucket")
    cloud.client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": inputs.take("versioningConfiguration")["status"]}
    )
    return Made(bucket, {})


def _encryption(cloud: Endpoint, inputs: Inputs) -> Made:
    bucket = inputs.take("bucket")
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
                **_key(rule["applyServerSideEncryptionByDefault"]),
            },
            "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
        }
        for rule in inputs.take("rules")
    ]
    cloud.client("s3").put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return Made(bucket, {})


def _key(default: dict[str, Any]) -> dict[str, str]:
    key = default.get("kmsMasterKeyId")
    return {} if key is None else {"KMSMasterKeyID": key}


CREATE: dict[str, Create] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketObject:BucketObject": _object,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _encryption,
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
}
