"""JSON objects and Structs: what is carried comes back as it was."""

from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given as each
from hypothesis import strategies as st

from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.structs import fill
from shared.wire.rpc.values import given

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT
FINITE = SCALARS.filter(lambda value: value not in {float("inf"), float("-inf")})
OBJECTS = st.dictionaries(
    TEXT,
    st.recursive(
        FINITE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_size=5,
)


@each(OBJECTS)
def test_what_goes_out_comes_in(value: dict[str, Any]) -> None:
    """An object that a Struct was made of is read from it again, number by number."""
    struct = Struct()
    fill(struct, value)

    assert given(pb.CompleteRequest(result=struct)).get("result", {}) == value


@each(OBJECTS)
def test_a_struct_is_the_one_of_protobufs_own_tools(value: dict[str, Any]) -> None:
    """Client libraries build and read the very same Struct."""
    ours, theirs = Struct(), ParseDict(value, Struct())
    fill(ours, value)

    assert ours == theirs
    assert MessageToDict(ours) == value
