"""The production stack in the emulated cloud: network, database, cache and streams beside the functions."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.archives import Archives
from localstack.cloud.create.not_emulated import NOT_EMULATED
from localstack.cloud.deploy import Stack
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.read_back import read_back
from tests.support.emulated import deploy_program, few_functions, lacking
from tests.support.program import PROD, STREAMS

PREFIX = "spooled-all"


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_functions(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="module")
async def stack(cloud: Endpoint, archives: Archives, functions: Path) -> Stack:
    """With a certificate that is there, and the extension that reads secrets played by the emulator."""
    certificate = cloud.client("acm").request_certificate(DomainName="stream.example.com")["CertificateArn"]
    streams = json.loads(STREAMS) | {"certificateArn": certificate}
    config = PROD | {"streams": json.dumps(streams), "secretsExtensionLayer": ""}
    with pytest.MonkeyPatch.context() as monkeypatch:
        # The program looks for the functions that it gives more environments; few of them are here.
        monkeypatch.setattr("infra.concurrency.WAITING", frozenset())
        monkeypatch.setattr("infra.concurrency.HOT", frozenset())
        return await deploy_program(cloud, archives, stack="all", functions=functions, config=config)


@pytest.mark.usefixtures("stack")
def test_functions_have_all_they_need(cloud: Endpoint, functions: Path, tmp_path: Path) -> None:
    """As in the stack of one machine, and their secrets hold the addresses of the stack's own servers."""
    deployed = read_back(cloud, PREFIX, tmp_path)
    name = f"{PREFIX}/database"
    secret: Any = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    (proxy,) = cloud.client("rds").describe_db_proxies()["DBProxies"]

    assert lacking(cloud, deployed, PREFIX, functions) == []
    assert f"@{proxy['Endpoint']}:5432/" in secret["DATABASE_URL"]
    assert secret["REDIS_URL"].startswith("rediss://")


@pytest.mark.usefixtures("stack")
def test_database_is_closed_encrypted_and_kept(cloud: Endpoint) -> None:
    """In the private subnets, with a key, backups and protection against its deletion."""
    (cluster,) = cloud.client("rds").describe_db_clusters()["DBClusters"]

    assert cluster["StorageEncrypted"]
    assert cluster["DeletionProtection"]
    assert cluster["BackupRetentionPeriod"] == 14
    assert cluster["Engine"] == "aurora-postgresql"


@pytest.mark.usefixtures("stack")
def test_nothing_is_open_to_the_world_but_the_balancer(cloud: Endpoint) -> None:
    """One security group lets strangers in, on the port of HTTPS."""
    groups = cloud.pages("ec2", "describe_security_groups", "SecurityGroups")
    opened = [
        (group["GroupName"], rule["FromPort"], rule["ToPort"])
        for group in groups
        if group["GroupName"].startswith(f"{PREFIX}-")
        for rule in group["IpPermissions"]
        for address in rule["IpRanges"]
        if address["CidrIp"] == "0.0.0.0/0"
    ]

    assert opened == [(f"{PREFIX}-balancer", 443, 443)]


def test_only_what_is_told_is_not_created(stack: Stack) -> None:
    """The cache and the bucket's policy, each with its reason, and nothing else."""
    kinds = {found.type for found in stack.resources}

    assert kinds & NOT_EMULATED.keys() == {
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:s3/bucketPolicy:BucketPolicy",
    }
