"""Whether the service of this container is well: for health checks of what runs it; ends with 1 when not.

    python -m functions.streams.probe

It loads nothing of the service, since it is run every few seconds.
"""

import os
import ssl
import sys
import urllib.request

_PATIENCE_SECONDS = 3.0


def is_well() -> bool:
    """Whether the ready route answers well."""
    secured = bool(os.environ.get("TLS_CERTIFICATE_FILE"))
    url = f"http{'s' * secured}://127.0.0.1:{os.environ.get('PORT') or 8080}/health/ready"
    # The certificate is not of this address, and nothing secret is sent.
    context = ssl._create_unverified_context() if secured else None  # noqa: S323, SLF001
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS, context=context):  # noqa: S310 - as it says
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_well())
