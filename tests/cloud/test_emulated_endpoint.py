"""The emulated cloud: of this process, behind no port, and reached with nobody's credentials."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localstack.cloud.emulator import Emulator
from localstack.cloud.endpoint import Endpoint
from shared.edge.process.errors import StartError

ROOT = Path(__file__).parents[2]


def test_nobody_else_reaches_it(cloud: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds secrets, and opens no port: a request is answered where it is made."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made or waited for")

    for name in ("bind", "connect", "listen"):
        monkeypatch.setattr(socket.socket, name, refuse)
    endpoint = Endpoint(cloud.url, answer=cloud.answer)
    secrets = endpoint.client("secretsmanager")
    secrets.create_secret(Name="private", SecretString="hidden")

    assert cloud.client("secretsmanager").get_secret_value(SecretId="private")["SecretString"] == "hidden"
    endpoint.close()


def test_credentials_of_the_machine_are_not_read(
    cloud: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither variables, nor a profile, nor the files of the AWS command line reach a client."""
    for name in ("config", "credentials"):
        (tmp_path / name).write_text("[profile own]\nregion = eu-west-3\naws_access_key_id = OWN\n")
    monkeypatch.setenv("AWS_PROFILE", "own")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "OWN")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.amazonaws.com")
    endpoint = Endpoint(cloud.url)
    client = endpoint.client("sts")

    assert client._request_signer._credentials.access_key == "test"
    assert (client.meta.endpoint_url, client.meta.region_name) == (cloud.url, "us-east-1")
    endpoint.close()


def test_second_cloud_of_a_process_is_refused(cloud: Endpoint) -> None:
    """Moto keeps one state per process: a second cloud would be the first under another address."""
    with pytest.raises(StartError, match="already runs an emulated cloud"), Emulator():
        pass
    assert cloud.account


def test_cloud_begins_empty() -> None:
    """A cloud has nothing of what an earlier one of the same process held."""
    program = """
from localstack.cloud.emulator import Emulator

def topics(cloud):
    return cloud.client("sns").list_topics()["Topics"]

with Emulator() as first:
    first.client("sns").create_topic(Name="topic")
    assert len(topics(first)) == 1
with Emulator() as second:
    assert topics(second) == []
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("body", ["", "plain", "umlauts ä €", "x" * 300_000])
def test_bodies_and_names_arrive_as_they_are(cloud: Endpoint, body: str) -> None:
    """Whatever is in them, in both directions."""
    s3, key = cloud.client("s3"), "folder with space/ä%2F+&=?.txt"
    s3.create_bucket(Bucket="bodies")
    s3.put_object(Bucket="bodies", Key=key, Body=body.encode(), Metadata={"a": "b c"})
    found = s3.get_object(Bucket="bodies", Key=key)

    assert (found["Body"].read().decode(), found["Metadata"]) == (body, {"a": "b c"})
    assert [item["Key"] for item in cloud.pages("s3", "list_objects_v2", "Contents", Bucket="bodies")] == [
        key
    ]


def test_refusal_is_the_services_own(cloud: Endpoint) -> None:
    """What is not there is told in the words of the service."""
    with pytest.raises(ClientError, match="can't find the specified secret"):
        cloud.client("secretsmanager").get_secret_value(SecretId="none")
