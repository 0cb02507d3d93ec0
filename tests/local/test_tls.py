"""With a certificate the service speaks TLS on its ports, and nothing else."""

import json
import ssl
from pathlib import Path

import grpc
import httpx
import pytest
from websockets.sync.client import connect

from tests.support.certificates import make_certificate
from tests.support.rpc import health_of
from tests.support.run import started


def test_grpc_is_encrypted(tmp_path: Path) -> None:
    """A client that trusts the certificate is served; one in the clear, or that trusts others, is not."""
    made = make_certificate(tmp_path)
    with started(tmp_path / "data", settings=made.settings) as run:
        trusting = grpc.ssl_channel_credentials(made.certificate.read_bytes())
        with grpc.secure_channel(run.grpc_address, trusting) as channel:
            assert health_of(channel) == "SERVING"
        for channel in (
            grpc.insecure_channel(run.grpc_address),
            grpc.secure_channel(run.grpc_address, grpc.ssl_channel_credentials()),
        ):
            with channel, pytest.raises(grpc.RpcError) as refused:
                health_of(channel)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_http_is_encrypted(tmp_path: Path) -> None:
    """Who trusts the certificate is served, the greeting says https, and plain HTTP gets no answer."""
    made = make_certificate(tmp_path)
    with started(tmp_path / "data", settings=made.settings) as run:
        url = f"https://127.0.0.1:{run.port}"
        trusting = ssl.create_default_context(cafile=made.certificate)

        assert httpx.get(f"{url}/health", verify=trusting).json()["status"] == "healthy"
        assert f"API            {url}/api/v1" in run.said
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/health")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{run.port}/health")
        assert run.end() == 0
        assert "Traceback" not in run.said


def test_live_events_are_encrypted(tmp_path: Path) -> None:
    """What is asked over a WebSocket on TLS is answered there."""
    made = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=made.certificate)
    with started(tmp_path / "data", settings=made.settings) as run:
        address = f"127.0.0.1:{run.port}/api/v1"
        organization = {"name": "Encrypted", "slug": "encrypted"}
        answer = httpx.post(f"https://{address}/organizations", json=organization, verify=trusting)
        key = answer.json()["api_key"]["key"]
        with connect(f"wss://{address}/ws?token={key}", ssl=trusting, proxy=None) as socket:
            socket.send('{"cmd": "Ping"}')
            while json.loads(socket.recv(20))["type"] != "Ping":
                pass
        assert run.end() == 0
