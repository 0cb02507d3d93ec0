"""With a certificate the service speaks TLS on its ports, and nothing else."""

import ssl
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import make_certificate
from tests.support.run import started


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
