"""Requests of gRPC where their rules are not, or not quite, those of REST."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.jobs.claim import Claim
from shared.wire.jobs import FailRequest, LeaseSeconds, WorkerId
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.requests import read_values
from shared.wire.rpc.values import given
from shared.wire.vocabulary import Int, QueueName, RequestModel
from shared.wire.workers import RegisterWorker, WorkerHeartbeat

_LONGEST_ERROR = 2048
_NO_ERROR = "The worker gave no reason."


class TakeJobs(RequestModel):
    """Take up to `batch_size` jobs; a stream takes one after the other."""

    queue_name: QueueName
    worker_id: WorkerId
    lease_duration_secs: LeaseSeconds | None = None
    batch_size: Annotated[Int, Field(ge=1, le=100)] = 1

    def claim(self) -> Claim:
        return Claim(self.queue_name, self.worker_id, self.batch_size, self.lease_duration_secs)


class NamedQueue(RequestModel):
    """A queue by its name."""

    queue_name: QueueName


class NamedWorker(RequestModel):
    """A worker by its id."""

    worker_id: WorkerId


class RpcHeartbeat(WorkerHeartbeat, NamedWorker):
    """A worker that is still there; 0 jobs cannot be told from none said."""

    current_jobs: Annotated[Int, Field(ge=0, le=1_000_000)] = 0


class RegisterRpcWorker(RegisterWorker):
    """A worker that comes; here the name of its queue must be one."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {}
    queue_name: QueueName


def read_failure(message: pb.FailRequest) -> FailRequest:
    """A failed attempt: its error is cut and not refused, and `retry` that is unset means true."""
    values = given(message)
    retry = values.pop("retry", True)
    error = values.get("error", _NO_ERROR)[:_LONGEST_ERROR]
    return read_values(FailRequest, values | {"error": error, "no_retry": not retry})
