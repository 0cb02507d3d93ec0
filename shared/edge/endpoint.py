"""Route declarations: what a function file says about itself, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel

from shared.edge.call import Call
from shared.edge.uses import Use

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Function = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API route: everything that gateway, OpenAPI, access checks and the Lambda need to know of it."""

    method: Method
    path: str
    scope: tuple[str, ...]
    access: Literal["public", "optional", "key", "admin"]
    status: int
    answer: Any
    also: tuple[int, ...]
    errors: tuple[int, ...]
    media_type: str
    pages: bool
    proof: tuple[str, ...]
    uses: tuple[Use, ...]
    audit: tuple[str, ...] | None
    function: Function
    body_model: type[BaseModel] | None
    query_model: type[BaseModel] | None

    @property
    def operation_id(self) -> str:
        """Stable: the folder and file of the function, for example `jobs_complete`."""
        return "_".join(self.function.__module__.split(".")[1:])

    @property
    def tag(self) -> str:
        return self.function.__module__.split(".")[1].replace("_", " ")

    @property
    def precedence(self) -> tuple[list[bool], str]:
        """Sorts routes: fixed segments win over parameters, `/jobs/stats` over `/jobs/{job_id}`."""
        return [part.startswith("{") for part in self.path.split("/")], self.path


def route(
    method: Method,
    path: str,
    *,
    scope: str | tuple[str, ...] = (),
    access: Literal["public", "optional", "key", "admin"] = "key",
    status: int = 200,
    answer: Any = None,
    also: tuple[int, ...] = (),
    errors: tuple[int, ...] = (),
    media_type: str = "application/json",
    pages: bool = False,
    proof: tuple[str, ...] = (),
    uses: tuple[Use, ...] = (),
    audit: tuple[str, ...] | None = None,
) -> Callable[[Function], Endpoint]:
    """Declare a function as an API route.

    scope: the permission word it takes, or several of which one is enough; empty: any valid credential.
    access: `key` needs a credential, `optional` reads one when given and needs it unless first keys are open
        (the setting `open_first_key`), `public` looks at none,
        `admin` needs the X-Admin-Key header.
    status: of a good answer; also: others of the same model. answer: that model, None for no body.
    errors: error statuses beyond the usual.
    pages: whether the answer is a page of a list, with the header X-Has-More.
    proof: what a public route looks at by itself, by the names of the security schemes.
    uses: what it needs beyond the database; the cloud gives it that and nothing else.
    audit: the audit log has each call of it, with these fields of its body and query; None: it has none.

    The function takes `call: Call`, its path parameters as strings, and `body` or `query` by their models.
    """

    def declare(function: Function) -> Endpoint:
        hints = get_type_hints(function, include_extras=True)
        if hints.get("call") is not Call:
            raise TypeError(f"{function.__module__}.{function.__name__} must take `call: Call`")
        return Endpoint(
            method=method,
            path=path,
            scope=(scope,) if isinstance(scope, str) else scope,
            access=access,
            status=status,
            answer=answer,
            also=also,
            errors=errors,
            media_type=media_type,
            pages=pages,
            proof=proof,
            uses=uses,
            audit=audit,
            function=function,
            body_model=hints.get("body"),
            query_model=hints.get("query"),
        )

    return declare
