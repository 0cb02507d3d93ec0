"""The emulated cloud: of this machine, for this process, and reached with nobody's credentials."""

import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from localstack.cloud.emulator import Emulator
from localstack.cloud.endpoint import Endpoint
from localstack.errors import StartError

ROOT = Path(__file__).parents[2]


def test_address_is_of_this_machine_alone(cloud: Endpoint) -> None:
    """It listens on the loopback address; another address of this machine is refused."""
    place = urlsplit(cloud.url)

    assert place.hostname == "127.0.0.1"
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", place.port))


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


def test_nobody_else_reads_what_it_holds(cloud: Endpoint) -> None:
    """Another user of this machine reaches the port too, and neither reads a secret nor changes anything."""
    cloud.client("secretsmanager").create_secret(Name="private", SecretString="hidden")
    stranger = Endpoint(cloud.url)

    with pytest.raises(ClientError, match="403"):
        stranger.client("secretsmanager").get_secret_value(SecretId="private")
    stranger.close()
    reset = httpx.post(f"{cloud.url}/moto-api/reset")
    page = httpx.get(f"{cloud.url}/moto-api/data.json", headers={"Authorization": "Credential=/"})

    assert (reset.status_code, page.status_code) == (403, 403)
    assert cloud.client("secretsmanager").get_secret_value(SecretId="private")["SecretString"] == "hidden"


def test_second_cloud_of_a_process_is_refused(cloud: Endpoint) -> None:
    """Moto keeps one state per process: a second cloud would be the first under another address."""
    with pytest.raises(StartError, match="already runs an emulated cloud"), Emulator():
        pass
    assert cloud.account


def test_cloud_begins_empty_and_ends() -> None:
    """On the port that was asked for, without what an earlier one held, and gone at the end."""
    program = """
import asyncio, socket
from localstack.cloud.emulator import Emulator

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

def topics(emulator):
    return emulator.endpoint.client("sns").list_topics()["Topics"]

async def main():
    with Emulator(port) as first:
        assert first.endpoint.url == f"http://127.0.0.1:{port}"
        first.endpoint.client("sns").create_topic(Name="topic")
        assert len(topics(first)) == 1
    async with Emulator(port) as second:
        assert topics(second) == []
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", port)) != 0

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=True, timeout=60)
