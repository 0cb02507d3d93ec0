"""The audit log, written around the function of a route that declares it: before it and when it ends."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from shared import ids
from shared.audit.log import Entry, begin_entry, end_entry
from shared.edge.answer import Answer
from shared.edge.call import Call
from shared.edge.endpoint import Endpoint, Function
from shared.errors import FaultError, SpooledError
from shared.key_form import KEY_PREFIXES, KEY_SHOWN
from shared.trace import named_in_log

logger = logging.getLogger("spooled.audit")
_ORGANIZATION = "organization_id"


def audited(endpoint: Endpoint) -> Function:
    """The function of a route, with an entry in the log. What cannot be written down is not done.

    A process that dies in between leaves an entry without an outcome.
    """

    async def run(call: Call, **arguments: Any) -> Any:
        entry = _entry(endpoint, call, arguments)
        entry_id = await begin_entry(call.core, entry, call.now)
        try:
            result = await endpoint.function(call, **arguments)
        except SpooledError as error:
            await _end(call, entry, entry_id, error.status, error.code)
            raise
        except Exception:
            await _end(call, entry, entry_id, FaultError.status, FaultError.code)
            raise
        status = result.status if isinstance(result, Answer) and result.status else endpoint.status
        await _end(call, entry, entry_id, status, None, _made(result))
        return result

    return run


def _entry(endpoint: Endpoint, call: Call, arguments: Mapping[str, Any]) -> Entry:
    caller = call.maybe_caller
    models = [value for value in arguments.values() if isinstance(value, BaseModel)]
    fields = set(endpoint.audit or ())
    details: dict[str, Any] = {}
    for model in models:
        details |= model.model_dump(mode="json", include=fields, exclude_none=True)
    named = {name: value for name, value in arguments.items() if isinstance(value, str)}
    org_id = caller.org_id if caller else ids.decode("org", named.get(_ORGANIZATION, ""))
    targets = [value for name, value in named.items() if name != _ORGANIZATION]
    makes = endpoint.status == 201  # noqa: PLR2004 - the id of what was made comes with the answer
    if not targets and not makes:
        targets = [*named.values()]
    return Entry(
        org_id=org_id,
        act=".".join(endpoint.function.__module__.split(".")[1:]),
        target="/".join(map(_shown, targets)) or None,
        details=details,
        caller=caller,
        is_admin=endpoint.access == "admin",
        client_address=call.client_address,
        request_id=call.request_id,
    )


def _shown(target: str) -> str:
    """A name or id; of a key that somebody gave in place of its id, how it begins."""
    return f"{target[:KEY_SHOWN]}…" if target.startswith(KEY_PREFIXES) else target


async def _end(
    call: Call, entry: Entry, entry_id: int | None, status: int, code: str | None, made: str | None = None
) -> None:
    if entry_id is None:
        return
    try:
        await end_entry(call.core, entry, entry_id, status, code, made)
    except SpooledError:  # what was done is done, and so it is answered
        named = named_in_log(call.request_id, call.headers)
        logger.exception("request %s: the outcome is not in the audit log", named)


def _made(result: Any) -> str | None:
    """The id of what was made, of an answer that has one."""
    body = result.body if isinstance(result, Answer) else result
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None
