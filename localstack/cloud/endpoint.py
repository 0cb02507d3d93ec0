"""AWS at an endpoint that is not AWS: clients that can reach nothing else."""

import os
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

REGION = "us-east-1"
_ACCESS_KEY = "test"  # emulated clouds take any
# The machine's own profile, files and metadata service are never asked.
_NOTHING_OF_THIS_MACHINE: dict[str, Any] = {
    "profile": (None, [], None, None),
    "config_file": (None, [], os.devnull, None),
    "credentials_file": (None, [], os.devnull, None),
}
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 1},
    max_pool_connections=32,
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


Answer = Callable[..., AWSResponse]
"""Answers a request, of botocore's event `before-send`, in place of the network."""


class Endpoint:
    """One address that answers for every service; its clients are made once and used from any thread."""

    def __init__(self, url: str, region: str = REGION, *, answer: Answer | None = None) -> None:
        self.url = url
        self.region = region
        self.answer = answer
        self._session = botocore.session.Session(session_vars=_NOTHING_OF_THIS_MACHINE)
        self._session.set_credentials(_ACCESS_KEY, _ACCESS_KEY)
        if answer is not None:
            self._session.register("before-send", answer)
        self._clients: dict[str, Any] = {}
        self._making = Lock()

    def client(self, service: str) -> Any:
        """The service's client, as `boto3.client(service)` would be."""
        if (client := self._clients.get(service)) is not None:
            return client
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service, region_name=self.region, endpoint_url=self.url, config=_CONFIG
                )
            return self._clients[service]

    def pages(self, service: str, operation: str, key: str, **request: Any) -> list[Any]:
        """All that a listing operation lists, page after page."""
        paginator = self.client(service).get_paginator(operation)
        return [item for page in paginator.paginate(**request) for item in page.get(key, [])]

    @cached_property
    def account(self) -> str:
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
