"""The emulated cloud: moto's server in this process, on the loopback address and nowhere else."""

import asyncio
import logging
import secrets
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from localstack.cloud.endpoint import Endpoint
from localstack.errors import StartError

_LOOPBACK = "127.0.0.1"
_running = Lock()


class _Requests(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of a request: a deployment makes a thousand."""


class _Services(DomainDispatcherApplication):
    """moto's services, for who has the key: the cloud holds secrets, and other users reach its port too.

    One request at a time: two can meet in moto's dictionaries, for an answer 500.
    """

    def __init__(self, access_key: str) -> None:
        super().__init__(create_backend_app)
        self._credential = f"Credential={access_key}/".encode()
        self._turn = Lock()
        # moto lists its folder of services and tries the pattern of each, at every request anew.
        self.get_backend_for_host = cache(super().get_backend_for_host)  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not self._has_the_key(environ.get("HTTP_AUTHORIZATION", "")):
            refusal = Response("Only the process that runs this cloud may use it.\n", HTTPStatus.FORBIDDEN)
            return refusal(environ, start_response)
        # Asked for the account of a key, moto looks in each of its six worlds, and fills each with policies.
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = DEFAULT_ACCOUNT_ID
        with self._turn:
            return super().__call__(environ, start_response)

    def _has_the_key(self, authorization: str) -> bool:
        _, _, signed = authorization.partition(" ")
        return secrets.compare_digest(signed.encode()[: len(self._credential)], self._credential)


class Emulator:
    """An empty cloud for as long as the context lasts; `with` and `async with` alike.

    moto keeps its state per process, so that a second cloud would be the first one: it is refused.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None
        self._endpoint: Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint:
        assert self._endpoint is not None, "the emulated cloud is not running"
        return self._endpoint

    def __enter__(self) -> Self:
        if not _running.acquire(blocking=False):
            raise StartError("This process already runs an emulated cloud, and moto has room for one.")
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        default_user_config["iam"]["load_aws_managed_policies"] = True  # programs attach them by their ARN
        moto_api_backend.reset()  # what an earlier cloud of this process held
        access_key = secrets.token_hex(16)
        try:
            self._server = make_server(
                _LOOPBACK,
                self._port,
                _Services(access_key),
                threaded=True,
                request_handler=_Requests,
            )
        except (OSError, SystemExit) as error:  # werkzeug itself exits when the port is taken
            raise StartError(f"The emulated cloud cannot listen on {_LOOPBACK}:{self._port}.") from error
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="emulated-cloud",
            daemon=True,
        )
        self._thread.start()
        self._endpoint = Endpoint(f"http://{_LOOPBACK}:{self._server.server_port}", access_key=access_key)

    def _stop(self) -> None:
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
        if self._thread is not None and self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        if self._server is not None:
            self._server.server_close()
            self._server = None
        with suppress(RuntimeError):  # released already
            _running.release()
