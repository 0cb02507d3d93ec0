"""The trace that a job belongs to: what W3C Trace Context says in `traceparent` and `tracestate`.

Kept as one text, `traceparent` and then, after a blank, `tracestate` if there is one. What breaks a rule of
the specification is left out, as it asks for, and never an error.
"""

import re
from collections.abc import Mapping

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_LENGTH = 55
_VERSION, _NO_VERSION = "00", "ff"
_SAMPLED = 1
"""The one flag that is known of versions to come."""
_MEMBER = re.compile(
    r"([a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[ !-+\--<>-~]{0,255}[!-+\--<>-~]"
)
_MOST_MEMBERS = 32
_LONGEST_STATE = 512
"""Characters that everybody has to pass on; of a longer one members are dropped."""
_LONG_MEMBER = 128


def trace_of(headers: Mapping[str, str]) -> str | None:
    """The trace of a request, by its headers or its metadata, named in lower case."""
    return parse_trace(headers.get("traceparent"), headers.get("tracestate"))


def parse_trace(traceparent: object, tracestate: object) -> str | None:
    """The trace as it is kept, in version 00; None for a `traceparent` that is none.

    A `tracestate` that breaks a rule is left out, one of more than 512 characters is cut by whole members.
    """
    if not isinstance(traceparent, str):
        return None
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == _NO_VERSION or not (trace_id.strip("0") and parent_id.strip("0")):
        return None
    if version != _VERSION:
        flags = f"{int(flags, 16) & _SAMPLED:02x}"
    elif more is not None:
        return None
    kept = f"{_VERSION}-{trace_id}-{parent_id}-{flags}"
    state = _parse_state(tracestate) if isinstance(tracestate, str) else ""
    return f"{kept} {state}" if state else kept


def trace_fields(trace: str | None) -> dict[str, str]:
    """What an answer or a request that is sent says of a trace: nothing where there is none."""
    if trace is None:
        return {}
    fields = {"traceparent": trace[:_LENGTH]}
    return fields | {"tracestate": trace[_LENGTH + 1 :]} if len(trace) > _LENGTH else fields


def named_in_log(request_id: str, headers: Mapping[str, str]) -> str:
    """A request as log lines call it: its id, and that of its trace."""
    trace = trace_of(headers)
    return request_id if trace is None else f"{request_id} of trace {trace.split('-')[1]}"


def _parse_state(text: str) -> str:
    """The members of a `tracestate`, or nothing when they are too many, or one is wrong or is there twice."""
    members = [member for part in text.split(",") if (member := part.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MOST_MEMBERS or len(keys) < len(members):
        return ""
    if not all(_MEMBER.fullmatch(member) for member in members):
        return ""
    for shortest in (_LONG_MEMBER + 1, 0):
        for member in reversed(members.copy()):
            if len(",".join(members)) > _LONGEST_STATE and len(member) >= shortest:
                members.remove(member)
    return ",".join(members)
