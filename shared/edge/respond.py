"""From a request to its answer: credential, rights, input, the function, errors. The same for every route."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.types import Receive, Scope

from shared.chance import CHANCE
from shared.core import Core
from shared.edge.answer import Answer, error_answer
from shared.edge.body import parse_json, read_body, refuse_encoded, refuse_nul
from shared.edge.call import Call
from shared.edge.credential import admit
from shared.edge.endpoint import Endpoint
from shared.edge.headers import read_headers
from shared.edge.presence import Presence
from shared.edge.throttle import throttle
from shared.errors import FaultError, InvalidInputError, NotFoundError, SpooledError
from shared.give_way import MUCH, give_way
from shared.limits.body_room import BodyRoom
from shared.limits.fair import places_of
from shared.trace import named_in_log
from shared.wire.vocabulary import input_error

logger = logging.getLogger("spooled.edge")
_LONGEST_REQUEST_ID = 128


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's X-Request-Id when it is a sane one, else a new one."""
    given = headers.get("x-request-id", "")
    if 0 < len(given) <= _LONGEST_REQUEST_ID and given.isascii() and given.isprintable():
        return given
    return f"{CHANCE.getrandbits(128):032x}"


async def respond(endpoint: Endpoint, core: Core, scope: Scope, receive: Receive) -> Answer:
    """Run one request; every error becomes an answer, an unexpected one is logged with the request id."""
    try:
        return await _respond(endpoint, core, scope, receive)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is an answer
        return failed(error, scope)


def failed(error: Exception, scope: Scope) -> Answer:
    """The answer for an error; the log has what the caller is not told."""
    request_id = scope["spooled.request_id"]
    if not isinstance(error, SpooledError):
        logger.error("request %s failed", named_in_log(request_id, read_headers(scope)), exc_info=error)
        return error_answer(FaultError(details={"request_id": request_id}))
    if error.status >= FaultError.status and error.__cause__ is not None:
        named = named_in_log(request_id, read_headers(scope))
        logger.error("request %s: %s", named, error.in_log)
    return error_answer(error)


async def _respond(endpoint: Endpoint, core: Core, scope: Scope, receive: Receive) -> Answer:
    headers = read_headers(scope)
    now = core.clock()
    caller = await admit(endpoint, core, headers, now)
    await throttle(core, caller, scope, now)
    org_id = None
    if caller is not None:
        org_id = caller.org_id
        core.fair.require_room(org_id)
    with BodyRoom(core.body_rooms, org_id) as room:
        limits = core.settings
        raw_body = await read_body(scope, receive, limits.max_body_bytes, limits.body_timeout_seconds, room)
        client = Presence(receive)
        address = (scope.get("client") or ("",))[0]
        call = Call(
            core, now, scope["spooled.request_id"], headers, raw_body, address, client.is_gone, caller
        )
        if org_id is None:
            return await _run(endpoint, call, scope)
        with await core.fair.take(org_id, client.call_when_gone, cost=places_of(len(raw_body))):
            return await _run(endpoint, call, scope)


async def _run(endpoint: Endpoint, call: Call, scope: Scope) -> Answer:
    arguments: dict[str, Any] = dict(path_arguments(scope))
    is_much = len(call.raw_body) >= MUCH
    if endpoint.query_model is not None:
        arguments["query"] = validated(endpoint.query_model, query_values(scope))
    if endpoint.body_model is not None:
        refuse_encoded(call.headers)
        value = parse_json(call.raw_body)
        if is_much:
            await give_way()
        arguments["body"] = validated(endpoint.body_model, value)
        if is_much:
            await give_way()
    run = endpoint.function
    if endpoint.audit is not None:
        from shared.edge.audit import audited  # noqa: PLC0415 - few routes have a log

        run = audited(endpoint)
    result = await run(call, **arguments)
    if is_much:
        await give_way()
    return result if isinstance(result, Answer) else Answer(result)


def path_arguments(scope: Scope) -> dict[str, str]:
    """The path parameters; what cannot be stored names nothing."""
    values: dict[str, str] = scope["path_params"]
    if any("\x00" in value for value in values.values()):
        raise NotFoundError
    return values


def query_values(scope: Scope) -> dict[str, str]:
    """The query, of a field that is named twice the last. Raises InvalidInputError for what is no text."""
    try:
        text = scope["query_string"].decode()
        values = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise InvalidInputError.of_field("query", "is not valid UTF-8", "unicode") from None
    for name, value in values.items():
        refuse_nul("query", name)
        refuse_nul(name, value)
    return values


def validated(model: Any, values: Any) -> Any:
    """An instance of the model. Raises InvalidInputError, which names the fields."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise input_error(error) from None
