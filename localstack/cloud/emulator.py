"""The emulated cloud: moto's services in this process, reached by clients of this process and nobody else."""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from io import BytesIO
from threading import Lock
from types import TracebackType
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core import responses
from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.utils import method_names_from_class
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from localstack.cloud.endpoint import Endpoint
from shared.edge.process.errors import StartError

# Nobody listens there; a name in place of the address would be taken for that of a bucket.
_URL = "http://127.0.0.1:0"
_running = Lock()

# moto lists the methods of a service at every request anew.
vars(responses)["method_names_from_class"] = cache(method_names_from_class)


class _Services(DomainDispatcherApplication):
    """moto's services as a web application that is called by the client itself, without a connection.

    One request at a time: two can meet in moto's dictionaries, for an answer 500.
    """

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._turn = Lock()
        # moto lists its folder of services and tries the pattern of each, at every request anew.
        self.get_backend_for_host = cache(super().get_backend_for_host)  # type: ignore[method-assign]

    def answer(self, request: AWSPreparedRequest, **_event: Any) -> AWSResponse:
        """What botocore takes for the answer from the network."""
        body = request.body.read() if hasattr(request.body, "read") else request.body
        with self._turn:
            content, status, headers = run_wsgi_app(
                self,
                EnvironBuilder(
                    request.url.removeprefix(_URL),
                    base_url=_URL,
                    method=request.method,
                    headers=[(name, _text(value)) for name, value in request.headers.items()],
                    data=body or b"",
                    # Asked for a key's account, moto searches six partitions, and fills each with policies.
                    environ_overrides={"HTTP_X_MOTO_ACCOUNT_ID": DEFAULT_ACCOUNT_ID},
                ).get_environ(),
                buffered=True,
            )
        code = HTTPStatus(int(status.partition(" ")[0]))
        return AWSResponse(request.url, code, HTTPHeaders.from_pairs(headers), _Content(b"".join(content)))


class _Content(BytesIO):
    """The body of an answer, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class Emulator:
    """An empty cloud for as long as the context lasts.

    moto keeps its state per process, so that a second cloud would be the first one: it is refused.
    """

    def __enter__(self) -> Endpoint:
        if not _running.acquire(blocking=False):
            raise StartError("This process already runs an emulated cloud, and moto has room for one.")
        default_user_config["iam"]["load_aws_managed_policies"] = True  # programs attach them by their ARN
        moto_api_backend.reset()  # what an earlier cloud of this process held
        self._endpoint = Endpoint(_URL, answer=_Services().answer)
        return self._endpoint

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._endpoint.close()
        _running.release()
