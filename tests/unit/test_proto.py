"""The gRPC interface: what is generated from it is up to date, and clients of others fit it."""

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from spooled.grpc.stubs import spooled_pb2 as official

from shared.wire.proto import spooled_pb2

FOLDER = Path(spooled_pb2.__file__).parent


def test_generated_code_is_up_to_date(tmp_path: Path) -> None:
    """Whoever changes `spooled.proto` writes the code again, with one command."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={FOLDER}"]
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([*command, *outputs, "spooled.proto"], check=True)

    for made in tmp_path.iterdir():
        committed = FOLDER / made.name
        assert made.read_text() == committed.read_text(), "run `make proto`"


def test_interface_is_that_of_the_official_client() -> None:
    """Every service, method, message, field and number is what the official Python client was built with."""
    ours, theirs = FileDescriptorProto(), FileDescriptorProto()
    spooled_pb2.DESCRIPTOR.CopyToProto(ours)
    official.DESCRIPTOR.CopyToProto(theirs)

    assert ours == theirs
