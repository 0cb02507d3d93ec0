"""The bucket of code, and what is uploaded to it; the functions are made from there."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.archives import Archive, Archives
from infra.policy import deny, document
from infra.stack import Stack


@dataclass(frozen=True, slots=True)
class Code:
    """What each function runs."""

    runtime: str
    sha256: str
    bucket: pulumi.Output[str]
    key: pulumi.Output[str]
    layers: tuple[pulumi.Input[str], ...]


def upload(stack: Stack, archives: Archives) -> Code:
    bucket = _bucket(stack)
    architecture = stack.config.architecture
    code = _object(stack, bucket, "functions", archives.code)
    dependencies = archives.dependencies[architecture]
    dependencies_object = _object(stack, bucket, "dependencies", dependencies)
    layer = aws.lambda_.LayerVersion(
        "dependencies",
        layer_name=stack.name("dependencies"),
        description="Packages of all functions",
        compatible_architectures=[architecture],
        compatible_runtimes=[archives.runtime],
        s3_bucket=dependencies_object.bucket,
        s3_key=dependencies_object.key,
    )
    extension = stack.config.secrets_extension_layer
    return Code(
        runtime=archives.runtime,
        sha256=archives.code.sha256,
        bucket=code.bucket,
        key=code.key,
        layers=(layer.arn, extension) if extension else (layer.arn,),
    )


def _object(stack: Stack, bucket: pulumi.Output[str], name: str, archive: Archive) -> aws.s3.BucketObjectv2:
    """Under a name that says what is in it: other content is another object, and a function that changes."""
    return aws.s3.BucketObjectv2(
        name,
        bucket=bucket,
        key=f"{name}-{archive.sha256[:32]}.zip",
        source=pulumi.FileAsset(str(archive.path)),
        content_type="application/zip",
        tags=stack.tags,
    )


def _bucket(stack: Stack) -> pulumi.Output[str]:
    """Private, encrypted, versioned and reached by TLS alone; its name, once all of that is so."""
    bucket = aws.s3.Bucket(
        "code",
        bucket=pulumi.Output.concat(stack.name("code"), "-", stack.account, "-", stack.region),
        force_destroy=True,  # it holds what `make package` makes again
        tags=stack.tags,
    )
    closed = aws.s3.BucketPublicAccessBlock(
        "code",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        "code",
        bucket=bucket.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": stack.key.arn,
                },
                "bucket_key_enabled": True,
            }
        ],
    )
    versioned = aws.s3.BucketVersioning(
        "code", bucket=bucket.id, versioning_configuration={"status": "Enabled"}
    )
    by_tls = aws.s3.BucketPolicy(
        "code",
        bucket=bucket.id,
        policy=document(
            deny(
                ["s3:*"],
                bucket.arn,
                pulumi.Output.concat(bucket.arn, "/*"),
                principal="*",
                condition={"Bool": {"aws:SecureTransport": "false"}},
            )
        ),
        opts=pulumi.ResourceOptions(depends_on=[closed]),
    )
    ready = pulumi.Output.all(bucket.id, encrypted.id, versioned.id, by_tls.id)
    return ready.apply(lambda ids: str(ids[0]))
