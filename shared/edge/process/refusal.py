"""What is no HTTP at all is refused in the same shape as everything else."""

import uuid

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.edge.answer import encode
from shared.edge.cors import CORS_HEADERS
from shared.errors import InvalidInputError


class RefusingProtocol(HttpToolsProtocol):
    """HTTP whose refusals are JSON: a request line or headers over 64 KB, bytes of another protocol."""

    def send_400_response(self, msg: str) -> None:
        error = InvalidInputError(f"{msg} Are its address and headers shorter than 64 KB?")
        body = encode(error.body())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", uuid.uuid4().hex.encode()),
            *CORS_HEADERS,
        ]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + body)
        self.transport.close()
