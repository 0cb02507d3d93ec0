"""Messages that no client library makes, to every gRPC method of the running service."""

from collections.abc import Callable, Iterator
from struct import pack
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from functions.streams.app import every_method
from shared.edge.rpc import RpcMethod
from tests.support.effort import EFFORT, examples
from tests.support.hostile import TEXTS
from tests.support.victim import Victim

METHODS = sorted(every_method(), key=lambda method: method.path)
NEVER = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}
MOST_SECONDS = 2.0
MOST_MEGABYTES = 300.0
LAST_SECONDS = 20.0
A_MOMENT_SECONDS = 0.2
"""How long a stream is watched which was let in, and would go on for ever."""

NUMBERS = [0, 1, -1, 5, 2**31 - 1, -(2**31)]
INSTANTS = [
    (0, 0),
    (253402300800, 0),
    (-62135596801, 0),
    (2**63 - 1, 2**31 - 1),
    (-(2**63), -(2**31)),
    (1, -1),
]
DOUBLES = [0.0, -0.0, 1e308, float("inf"), float("-inf"), float("nan"), 2.0**63, 5e-324]


def varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def part(number: int, data: bytes) -> bytes:
    """A field of bytes, text or a message, on the wire."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def struct(value: bytes) -> bytes:
    """A Struct with one member, `a`, of that Value."""
    return part(1, part(1, b"a") + part(2, value))


def nested(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = part(5, struct(value))
    return struct(value)


STRUCTS = [
    struct(b""),
    struct(part(3, b"\xff")),
    struct(part(3, b"\x00")),
    struct(b"\x08\x63"),
    *(nested(depth) for depth in (20, 31, 32, 33, 50, 1000, 5000)),
    *(struct(b"\x11" + pack("<d", number)) for number in DOUBLES),
]
RAW = [
    b"\xff" * 30,
    b"\x00",
    b"\x0a\xff\xff\xff\xff\x0f",
    b"\x0b\x0c",
    b"\x0b" * 5_000,
    b"\x07",
    b"\x80" * 20,
]
RAW += [part(1000, b"x" * 10_000), part(1, b"\xc3\x28"), part(1, b"\xed\xa0\x80"), part(1, b"a") * 20_000]
RAW += [b"\x08" + b"\xff" * 9 + b"\x01", b"\x0d\x01\x02", part(2**29 - 1, b"")]


@st.composite
def messages(draw: st.DrawFn, described: Descriptor) -> bytes:
    """A message of that type with values that nobody should send; every fourth is broken on its way."""
    message = GetMessageClass(described)()
    extra = b""
    for field in described.fields:
        if draw(st.integers(0, 2)):
            extra += draw(field_of(field, message))
    raw = message.SerializeToString() + extra
    if draw(st.integers(0, 3)):
        return raw
    at, junk = draw(st.integers(0, len(raw))), draw(st.sampled_from(RAW) | st.binary(max_size=20))
    return raw[:at] + junk + raw[at + draw(st.integers(0, 3)) :]


@st.composite
def field_of(draw: st.DrawFn, field: FieldDescriptor, message: Message) -> bytes:
    """Set the field, or give what stands for it on the wire."""
    if field.message_type is None:
        if field.type == FieldDescriptor.TYPE_STRING:
            text = draw(st.sampled_from([*TEXTS, "emails", "w1"])).encode()
            return part(field.number, text if draw(st.booleans()) else text[:-1] + b"\xff")
        setattr(message, field.name, bool(draw(st.booleans())) if field.cpp_type == 7 else draw(_numbers))
        return b""
    if field.message_type.name == "Struct":
        return part(field.number, draw(st.sampled_from(STRUCTS)))
    if field.message_type.name == "Timestamp":
        seconds, nanos = draw(st.sampled_from(INSTANTS))
        value = getattr(message, field.name)
        value.seconds, value.nanos = seconds, nanos
        return b""
    if field.message_type.GetOptions().map_entry:
        entry = part(1, draw(st.sampled_from(TEXTS)).encode()) + part(
            2, draw(st.sampled_from(TEXTS)).encode()
        )
        return part(field.number, entry) * draw(st.sampled_from([1, 2, 3_000]))
    return part(field.number, draw(messages(field.message_type)))


_numbers = st.sampled_from(NUMBERS)
_metadata = st.lists(
    st.tuples(
        st.sampled_from(["x-request-id", "traceparent", "x-release-on-cancel", "grpc-timeout-x", "a-bin"]),
        st.sampled_from(["", "x" * 7_000, "%", "true", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"]),
    ).map(lambda pair: (pair[0], pair[1].encode() if pair[0].endswith("-bin") else pair[1])),
    max_size=3,
)
Caller = Callable[..., grpc.StatusCode]


@pytest.fixture(scope="module")
def ask(victim: Victim) -> Iterator[Caller]:
    """Sends bytes to a method, several to one that takes a stream, and gives the status of the end."""
    with grpc.insecure_channel(victim.run.grpc_address) as channel:

        def asked(
            method: RpcMethod, sent: list[bytes], metadata: Any = (), seconds: float = LAST_SECONDS
        ) -> grpc.StatusCode:
            options = {"timeout": seconds, "metadata": [("x-api-key", victim.key), *metadata]}
            try:
                if method.streams_requests:
                    list(channel.stream_stream(method.path)(iter(sent), **options))
                elif method.streams_answers:
                    list(channel.unary_stream(method.path)(sent[0], **options))
                else:
                    channel.unary_unary(method.path)(sent[0], **options)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
            return grpc.StatusCode.OK

        yield asked


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_whatever_is_sent_has_a_status(victim: Victim, ask: Caller, method: RpcMethod) -> None:
    """No message is a fault of ours, whatever is in it, and the service goes on as large as it was."""
    seconds = A_MOMENT_SECONDS if method.streams_answers and not method.streams_requests else LAST_SECONDS
    count = 4 if method.streams_requests else 1

    @examples(15)
    @given(st.lists(messages(method.request.DESCRIPTOR), min_size=count, max_size=count), _metadata)
    def fuzzed(sent: list[bytes], metadata: Any) -> None:
        assert ask(method, sent, metadata, seconds) not in NEVER

    before = victim.memory
    fuzzed()
    assert victim.memory - before < MOST_MEGABYTES
    assert victim.faults() == [], victim.run.said[-3_000:]


def listed(value: bytes) -> bytes:
    """A list of as many such values as a message has room for, as a Struct."""
    return struct(part(6, part(1, value) * (5_900_000 // len(part(1, value)))))


LARGE = {
    "lists": listed(part(6, b"")),
    "objects": listed(part(5, b"")),
    "values that are none": listed(b""),
    "nulls": listed(b"\x08\x00"),
    "numbers": listed(b"\x11" + b"\0" * 8),
    "members": b"".join(part(1, part(1, b"%x" % number)) for number in range(500_000)),
    "text": struct(part(3, b"\xc3\xa9" * 2_900_000)),
}


def test_a_message_has_so_many_values(ask: Caller) -> None:
    """Four hundred thousand are read, one more is refused, in however many lists they are."""
    (enqueue,) = (method for method in METHODS if method.name == "Enqueue")

    def status_of(count: int) -> grpc.StatusCode:
        half = part(1, part(6, part(1, b"") * (count // 2)))
        rest = part(1, part(6, part(1, b"") * (count - count // 2)))
        return ask(enqueue, [part(1, b"emails") + part(2, struct(part(6, half + rest)))])

    assert status_of(400_000 - 3) is grpc.StatusCode.OK
    assert status_of(400_000) is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_message_costs_little(victim: Victim, ask: Caller, kind: str) -> None:
    """A Struct just under the limit is read or refused within bounds of processor time and memory."""
    (enqueue,) = (method for method in METHODS if method.name == "Enqueue")
    with victim.costing() as cost:
        status = ask(enqueue, [part(1, b"emails") + part(2, LARGE[kind])])

    assert status in {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
    assert cost.seconds < MOST_SECONDS
    assert cost.megabytes < MOST_MEGABYTES


@pytest.mark.parametrize("size", [16_000, 60_000, 200_000, 10_000_000])
def test_metadata_are_bounded(victim: Victim, size: int) -> None:
    """Over 64 KB of them are refused on a connection of their own, whatever they are, and are not held."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(victim.run.grpc_address, options=own) as channel:
        get_job = channel.unary_unary("/spooled.v1.QueueService/GetJob")
        metadata = [("x-api-key", victim.key), *[("a", "b" * 1_000)] * (size // 1_000)]
        with victim.costing() as cost:
            try:
                get_job(part(1, b"job_0"), metadata=metadata, timeout=LAST_SECONDS)
                status = grpc.StatusCode.OK
            except grpc.RpcError as error:
                status = error.code()

    refused = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
    assert status in ({grpc.StatusCode.OK} if size < 65_536 else refused)
    assert cost.megabytes < MOST_MEGABYTES


def test_a_flood_of_messages_on_a_stream_is_read_as_it_is_answered(victim: Victim, ask: Caller) -> None:
    """Thousands of requests on one stream are answered one after the other, and none is a fault."""
    (process,) = (method for method in METHODS if method.name == "ProcessJobs")
    with victim.costing() as cost:
        status = ask(process, [b"", part(3, b""), b"\xff"] * 300 * EFFORT)

    assert status not in NEVER
    assert cost.megabytes < MOST_MEGABYTES
