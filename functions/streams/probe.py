"""Whether the service of this container is well: for health checks of what runs it; ends with 1 when not.

    python -m functions.streams.probe

It loads nothing of the service, since it is run every few seconds.
"""

import os
import socket
import ssl
import sys
import urllib.request

_PATIENCE_SECONDS = 3.0


def is_well() -> bool:
    """Whether the ready route answers well, and somebody listens for gRPC."""
    secured = bool(os.environ.get("TLS_CERTIFICATE_FILE"))
    url = f"http{'s' * secured}://127.0.0.1:{os.environ.get('PORT') or 8080}/health/ready"
    grpc = ("127.0.0.1", int(os.environ.get("GRPC_PORT") or 50_051))
    # The certificate is not of this address, and nothing secret is sent.
    context = ssl._create_unverified_context() if secured else None  # noqa: S323, SLF001
    try:
        with (
            urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS, context=context),  # noqa: S310 - as it says
            socket.create_connection(grpc, _PATIENCE_SECONDS),
        ):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_well())
