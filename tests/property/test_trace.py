"""The trace of a request is read by the grammar of W3C Trace Context, and by nothing looser."""

import re
from string import ascii_lowercase, digits

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from shared.trace import named_in_log, parse_trace, trace_fields, trace_of

HEX = "0123456789abcdef"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
INNER = ascii_lowercase + digits + "_-*/"
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in ",=")


def hexes(length: int) -> st.SearchStrategy[str]:
    return st.text(HEX, min_size=length, max_size=length)


def words(first: str, longest: int) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(first), st.text(INNER, max_size=longest - 1)).map("".join)


TRACEPARENTS = st.tuples(hexes(2), hexes(32), hexes(16), hexes(2)).map("-".join)
KEYS = words(ascii_lowercase, 256) | st.tuples(
    words(ascii_lowercase + digits, 241), words(ascii_lowercase, 14)
).map("@".join)
VALUES = st.tuples(st.text(f" {PRINTABLE}", max_size=255), st.sampled_from(PRINTABLE)).map("".join)
STATES = st.dictionaries(KEYS, VALUES, max_size=40).map(
    lambda members: [f"{key}={value}" for key, value in members.items()]
)


def is_traceparent(text: str) -> bool:
    """The rules once more, read off the specification field by field."""
    version, *fields = text.split("-")
    lengths = [len(field) for field in fields[:3]]
    return (
        len(fields) >= 3
        and (version != "00" or len(fields) == 3)
        and (len(version), *lengths) == (2, 32, 16, 2)
        and set(version + "".join(fields[:3])) <= set(HEX)
        and version != "ff"
        and set(fields[0]) != {"0"}
        and set(fields[1]) != {"0"}
    )


@each(
    TRACEPARENTS | st.tuples(TRACEPARENTS, st.text(HEX + "-", max_size=3)).map("".join) | st.text(HEX + "-")
)
def test_what_keeps_the_grammar_is_taken_and_nothing_else(text: str) -> None:
    """A trace is kept if and only if its header is one, with the ids it has and in the version we know."""
    kept = parse_trace(text, None)

    assert (kept is not None) == is_traceparent(text)
    if kept is not None:
        assert kept[3:52] == text[3:52]
        assert kept == text if text.startswith("00") else kept[52:] == f"-0{int(text[53:55], 16) & 1}"


@each(st.text(max_size=80) | st.none() | st.integers() | st.lists(st.text()), st.text() | st.none())
def test_whatever_is_sent_is_no_error(traceparent: object, tracestate: object) -> None:
    """No value of a header or of a field of a body makes the reading of it fail."""
    kept = parse_trace(traceparent, tracestate)

    assert kept is None or re.fullmatch(f"00-[{HEX}]{{32}}-[{HEX}]{{16}}-[{HEX}]{{2}}( .+)?", kept)


@each(STATES)
def test_members_of_a_tracestate_are_kept_whole_and_in_order(members: list[str]) -> None:
    """Of a list within the limits all is kept; of a longer one as many whole members as fit into 512."""
    fields = trace_fields(parse_trace(PARENT, ", ".join(members)))
    kept = fields.get("tracestate", "").split(",") if "tracestate" in fields else []

    assert fields["traceparent"] == PARENT
    assert kept == [member for member in members if member in kept]
    assert len(",".join(kept)) <= 512
    if len(members) > 32:
        assert kept == []
    elif len(",".join(members)) <= 512:
        assert kept == members


@pytest.mark.parametrize(
    "state",
    ["Upper=1", "a", "a=", "=1", "a=1=2", "a=b\x7f", "a=\t", "a@b@c=1", "1=1", "a=1,a=2", "a b=1", "a=é"],
)
def test_a_tracestate_that_breaks_a_rule_is_dropped_whole(state: str) -> None:
    """One wrong member drops the list, and the trace itself stays."""
    assert parse_trace(PARENT, f"ok=1,{state}") == PARENT


def test_long_members_go_first() -> None:
    """A list that is too long loses members above 128 characters before any other, then those at its end."""
    long, short = f"long={'x' * 200}", [f"k{number}={'y' * 60}" for number in range(10)]
    kept = trace_fields(parse_trace(PARENT, ",".join([long, *short])))["tracestate"].split(",")

    assert kept == short[: len(kept)]
    assert len(kept) == 8


def test_a_request_is_named_in_the_log_with_its_trace() -> None:
    """The id of a trace stands behind that of the request, and two headers are none, as neither may win."""
    headers = {"traceparent": PARENT, "tracestate": " ,a=1, "}

    assert trace_of(headers) == f"{PARENT} a=1"
    assert named_in_log("r1", headers) == "r1 of trace 4bf92f3577b34da6a3ce929d0e0e4736"
    assert named_in_log("r1", {"traceparent": f"{PARENT},{PARENT}"}) == "r1"
