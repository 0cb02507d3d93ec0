"""Says what the Pulumi program will miss, once LocalStack is up: an API that this edition does not have."""

import json
import os
import sys
import urllib.request

HEALTH = "/_localstack/health"


def main() -> int:
    """0 when every service named in SERVICES is there."""
    wanted = os.environ["SERVICES"].split(",")
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with urllib.request.urlopen(endpoint + HEALTH, timeout=10) as answer:  # noqa: S310 - its own address
        known = json.load(answer)["services"]
    missing = [name for name in wanted if known.get(name, "disabled") in {"disabled", "error"}]
    if missing:
        sys.stderr.write(
            f"LocalStack has no {', '.join(missing)}: set LOCALSTACK_IMAGE=localstack/localstack-pro and "
            "LOCALSTACK_AUTH_TOKEN, or run `make cloud`, which needs neither.\n"
        )
        return 1
    sys.stdout.write(f"LocalStack has all that the Pulumi program uses: {', '.join(wanted)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
