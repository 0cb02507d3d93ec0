"""QueueService.StreamJobs: a worker's line of jobs, one in flight at a time."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from shared import ids
from shared.edge.rpc import RpcCall, rpc
from shared.jobs.stream import Proven, stream_jobs
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.answers import job_message
from shared.wire.rpc.models import TakeJobs
from shared.wire.rpc.requests import read


@rpc("QueueService", "StreamJobs", scope="jobs:write")
async def method(call: RpcCall, request: pb.StreamJobsRequest) -> AsyncIterator[pb.Job]:
    """Send the next job once the one before is settled, given back or lapsed; wait while there is none."""
    claim = replace(read(TakeJobs, request).claim(), wait_seconds=None)
    org_id = ids.encode("org", call.caller.org_id)
    proven = Proven(call.core, call.caller, call.prove, call.changes)
    async with call.core.streams.opened(call.caller.org_id) as stream:
        sent = stream_jobs(call.core, stream, proven, claim, is_given_back=call.gives_back)
        async with aclosing(sent) as jobs:
            async for job in jobs:
                yield job_message(job, org_id)
