"""The official Python client's gRPC part against the running service: each method, each error it knows."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import spooled
from spooled.errors import QuotaExceededError, is_lease_expired
from spooled.grpc import SpooledGrpcClient
from spooled.grpc.client import (
    GrpcCompleteRequest,
    GrpcDequeueRequest,
    GrpcFailRequest,
    GrpcJob,
    GrpcRenewLeaseRequest,
    ProcessJobsStream,
    ProcessRequest,
    ProcessResponse,
)

from tests.support.run import Run, free_port, started
from tests.support.wait import wait_until

QUEUE = "emails"
NO_JOB = "job_0000000000000"
ADMIN_KEY = "admin-key-for-tests"
Call = Callable[[SpooledGrpcClient], Any]
Connect = Callable[..., spooled.SpooledClient]


@pytest.fixture
def client(service: Run, key: str) -> Iterator[SpooledGrpcClient]:
    """A client of a new organization."""
    with SpooledGrpcClient(service.grpc_address, key) as opened:
        assert opened.wait_for_ready(20)
        yield opened


def take(client: SpooledGrpcClient, **fields: Any) -> GrpcJob:
    """The next job."""
    (job,) = client.queue.dequeue(QUEUE, "w1", **fields).jobs
    return job


def held(job: GrpcJob) -> dict[str, str]:
    assert job.lease_id
    return {"job_id": job.id, "worker_id": "w1", "lease_id": job.lease_id}


def test_the_life_of_a_job(client: SpooledGrpcClient) -> None:
    """A job is pushed once, taken, kept, completed and read, with all that was said of it."""
    payload = {"to": "a@b.example", "n": 5, "deep": {"list": [1, None]}}
    options: Any = {"priority": 7, "max_retries": 2, "timeout_seconds": 60, "tags": {"a": "b"}}
    first = client.queue.enqueue(QUEUE, payload, idempotency_key="once", **options)
    again = client.queue.enqueue(QUEUE, payload, idempotency_key="once", **options)
    before = client.queue.get_queue_stats(QUEUE)
    job = take(client, lease_duration_secs=60)
    kept = client.queue.renew_lease(**held(job), extension_secs=120)
    done = client.queue.complete(**held(job), result={"sent": True})
    read = client.queue.get_job(job.id).job
    after = client.queue.get_queue_stats(QUEUE)

    assert (first.created, again.created, again.job_id) == (True, False, first.job_id)
    assert (job.id, job.payload, job.priority, job.max_retries) == (first.job_id, payload, 7, 2)
    assert (job.status, job.assigned_worker_id, job.idempotency_key) == ("processing", "w1", "once")
    assert kept.success
    assert kept.new_expires_at is not None
    assert job.lease_expires_at is not None
    assert kept.new_expires_at > job.lease_expires_at
    assert done.success
    assert read is not None
    assert (read.status, read.result, read.lease_id) == ("completed", {"sent": True}, None)
    assert (before.pending, before.total, after.completed, after.total) == (1, 1, 1, 1)


@pytest.mark.parametrize(("retry", "status"), [(True, "pending"), (None, "pending"), (False, "deadletter")])
def test_a_failed_job(client: SpooledGrpcClient, retry: Any, status: str) -> None:
    """A failure is tried again, unless the worker says that it shall not."""
    client.queue.enqueue(QUEUE, {})
    job = take(client)

    answer = client.queue.fail(**held(job), error="e" * 5000, retry=retry)

    read = client.queue.get_job(job.id).job
    assert read is not None
    assert (answer.success, answer.will_retry, read.status) == (True, status == "pending", status)
    assert len(read.last_error or "") == 2048


def test_what_is_not_there(client: SpooledGrpcClient) -> None:
    """Nothing to take, an unknown job, queue or worker are no errors."""
    assert client.queue.dequeue("nothing-here", "w1").jobs == []
    assert client.queue.get_job(NO_JOB).job is None
    stats = client.queue.get_queue_stats("nothing-here")
    assert (stats.queue_name, stats.total, stats.max_age_ms) == ("nothing-here", 0, 0)
    assert not client.workers.heartbeat("nobody").acknowledged
    assert not client.workers.deregister("nobody").success


def test_the_life_of_a_worker(client: SpooledGrpcClient) -> None:
    """A worker comes, comes again under its id, is heard of in each status, and goes."""
    options: Any = {"max_concurrency": 3, "metadata": {"zone": "a"}}
    worker_id = f"w-{uuid.uuid4().hex}"
    named = client.workers.register(QUEUE, "host", worker_id=worker_id, **options)
    again = client.workers.register(QUEUE, "host", worker_id=worker_id, **options)
    heard = [
        client.workers.heartbeat(worker_id, current_jobs=1, status=status)
        for status in ("healthy", "degraded", "offline", "draining")
    ]

    assert named.worker_id == again.worker_id == worker_id
    assert (named.lease_duration_secs, named.heartbeat_interval_secs) == (30, 10)
    assert all(one.acknowledged for one in heard)
    assert [one.should_drain for one in heard] == [False, False, False, True]
    assert client.workers.deregister(worker_id).success
    assert client.workers.register(QUEUE, "host").worker_id


def test_jobs_are_streamed(client: SpooledGrpcClient) -> None:
    """A stream gives the next job once the one before is settled, until it is cancelled."""
    made = [client.queue.enqueue(QUEUE, {"n": n}).job_id for n in range(3)]
    stream = client.queue.stream_jobs(QUEUE, "w1")
    taken = []
    for job in stream:
        taken.append(job.id)
        client.queue.complete(**held(job))
        if len(taken) == len(made):
            stream.cancel()

    assert taken == made


def test_all_on_one_stream(client: SpooledGrpcClient) -> None:
    """Requests on one stream are answered in order, with their errors among the answers."""
    for n in range(2):
        client.queue.enqueue(QUEUE, {"n": n})
    stream = client.queue.process_jobs()
    answers = stream.receive()

    def ask(**request: Any) -> ProcessResponse:
        return asked(stream, answers, ProcessRequest(**request))

    first = ask(dequeue=GrpcDequeueRequest(queue_name=QUEUE, worker_id="w1", batch_size=2)).job
    second = next(answers).job
    assert first is not None
    assert second is not None
    kept = ask(renew_lease=GrpcRenewLeaseRequest(**held(first))).renew_lease
    done = ask(complete=GrpcCompleteRequest(**held(first))).complete
    failed = ask(fail=GrpcFailRequest(**held(second), error="broken", retry=False)).fail
    late = ask(complete=GrpcCompleteRequest(**held(first) | {"job_id": NO_JOB}))
    stream.end()

    assert kept is not None
    assert kept.success
    assert done is not None
    assert failed is not None
    assert (done.success, failed.success, failed.will_retry) == (True, True, False)
    assert (late.error_code, late.complete) == ("NOT_FOUND", None)
    assert list(answers) == []


def asked(
    stream: ProcessJobsStream, answers: Iterator[ProcessResponse], request: ProcessRequest
) -> ProcessResponse:
    stream.send(request)
    return next(answers)


def test_the_grpc_part_of_the_whole_client(service: Run, key: str) -> None:
    """The client that speaks REST has its gRPC part from the same key, and both see the same jobs."""
    config: Any = {"api_key": key, "base_url": service.url, "grpc_address": service.grpc_address}
    with spooled.SpooledClient(**config) as client:
        made = client.grpc.queue.enqueue(QUEUE, {"n": 1})
        assert client.jobs.get(made.job_id).payload == {"n": 1}


INVALID: list[Call] = [
    lambda client: client.queue.enqueue("no spaces", {}),
    lambda client: client.queue.enqueue("", {}),
    lambda client: client.queue.enqueue(QUEUE, {"n": float("nan")}),
    lambda client: client.queue.enqueue(QUEUE, {}, priority=101),
    lambda client: client.queue.dequeue(QUEUE, ""),
    lambda client: client.queue.dequeue(QUEUE, "w1", lease_duration_secs=4),
    lambda client: client.workers.heartbeat("w1", status="tired"),
]


@pytest.mark.parametrize("call", INVALID)
def test_what_breaks_a_rule(client: SpooledGrpcClient, call: Call) -> None:
    """A rule that is broken is a ValidationError."""
    with pytest.raises(spooled.ValidationError):
        call(client)


def test_a_wrong_key(service: Run) -> None:
    """Connecting succeeds with any key; the first call is an AuthenticationError."""
    with SpooledGrpcClient(service.grpc_address, "sk_live_nobody-has-this-key") as client:
        assert client.wait_for_ready(20)
        with pytest.raises(spooled.AuthenticationError):
            client.queue.get_job(NO_JOB)


def test_a_key_without_the_right(service: Run, connect: Connect, key: str) -> None:
    """A key that is held to another queue is an AuthorizationError."""
    narrow = connect(api_key=key).api_keys.create({"name": "narrow", "queues": ["other"]})
    with (
        SpooledGrpcClient(service.grpc_address, narrow.key) as client,
        pytest.raises(spooled.AuthorizationError),
    ):
        client.queue.enqueue(QUEUE, {})


SETTLING: list[Callable[[SpooledGrpcClient, dict[str, str]], Any]] = [
    lambda client, held: client.queue.complete(**held),
    lambda client, held: client.queue.fail(**held, error="broken"),
    lambda client, held: client.queue.renew_lease(**held),
]


@pytest.mark.parametrize("settle", SETTLING)
def test_settling_what_is_not_held(client: SpooledGrpcClient, settle: Any) -> None:
    """An unknown job is a NotFoundError, a lost lease a conflict that says so, a finished job just one."""
    client.queue.enqueue(QUEUE, {})
    job = take(client)
    with pytest.raises(spooled.NotFoundError):
        settle(client, held(job) | {"job_id": NO_JOB})
    with pytest.raises(spooled.ConflictError) as lost:
        settle(client, held(job) | {"lease_id": "lease_0000000000000"})
    client.queue.complete(**held(job))
    with pytest.raises(spooled.ConflictError, match="already completed") as done:
        settle(client, held(job))

    assert is_lease_expired(lost.value)
    assert not is_lease_expired(done.value)


def test_a_lease_that_lapsed(client: SpooledGrpcClient) -> None:
    """After the end of its lease a worker learns that the job is its own no more."""
    client.queue.enqueue(QUEUE, {})
    job = take(client, lease_duration_secs=5)

    def is_given_up() -> bool:
        read = client.queue.get_job(job.id).job
        return read is not None and read.status == "pending"

    wait_until(is_given_up)
    with pytest.raises(spooled.ConflictError) as lost:
        client.queue.complete(**held(job))

    assert is_lease_expired(lost.value)


@pytest.fixture(scope="module")
def limiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A service whose administrator limits organizations."""
    home = tmp_path_factory.mktemp("limiting") / "data"
    with started(home, settings={"ADMIN_API_KEY": ADMIN_KEY}) as run:
        yield run


@pytest.fixture
def limited(limiting: Run) -> Iterator[Callable[..., SpooledGrpcClient]]:
    """Opens clients of new organizations with limits of their own."""
    with ExitStack() as opened:

        def open_client(**limits: int) -> SpooledGrpcClient:
            body = {"name": "Client", "slug": f"client-{uuid.uuid4().hex[:12]}"}
            made = httpx.post(f"{limiting.url}/api/v1/organizations", json=body).json()
            httpx.patch(
                f"{limiting.url}/api/v1/admin/organizations/{made['id']}",
                json={"custom_limits": limits},
                headers={"X-Admin-Key": ADMIN_KEY},
            ).raise_for_status()
            key = made["api_key"]["key"]
            return opened.enter_context(SpooledGrpcClient(limiting.grpc_address, key))

        yield open_client


def test_a_limit_of_the_plan(limited: Callable[..., SpooledGrpcClient]) -> None:
    """A full plan is a QuotaExceededError, and nobody is told to come back."""
    client = limited(max_active_jobs=1)
    client.queue.enqueue(QUEUE, {})

    with pytest.raises(QuotaExceededError, match="active_jobs limit reached"):
        client.queue.enqueue(QUEUE, {})


def call_often(client: SpooledGrpcClient) -> None:
    for _ in range(50):
        client.queue.get_job(NO_JOB)


def test_above_the_rate(limited: Callable[..., SpooledGrpcClient]) -> None:
    """Too many calls are a RateLimitError that is no quota, with the seconds to wait."""
    client = limited(rate_limit_requests_per_second=1, rate_limit_burst=1)

    with pytest.raises(spooled.RateLimitError) as refused:
        call_often(client)

    assert not isinstance(refused.value, QuotaExceededError)
    assert refused.value.retry_after >= 1


def test_a_payload_beyond_the_plan(limited: Callable[..., SpooledGrpcClient]) -> None:
    """A payload that the plan does not take is a ValidationError: to wait would not help."""
    client = limited(max_payload_size_bytes=1000)

    with pytest.raises(spooled.ValidationError, match="1000"):
        client.queue.enqueue(QUEUE, {"text": "x" * 2000})


def test_a_worker_id_of_another_organization(limited: Callable[..., SpooledGrpcClient]) -> None:
    """An id that another organization brought first is a ConflictError."""
    limited().workers.register(QUEUE, "host", worker_id="taken")

    with pytest.raises(spooled.ConflictError) as refused:
        limited().workers.register(QUEUE, "host", worker_id="taken")
    assert not is_lease_expired(refused.value)


def test_a_deadline(service: Run, key: str) -> None:
    """A call that is not answered in time is a TimeoutError."""
    with (
        SpooledGrpcClient(service.grpc_address, key, timeout=0.000_1) as client,
        pytest.raises(spooled.TimeoutError),
    ):
        client.queue.get_job(NO_JOB)


def test_nobody_there(key: str) -> None:
    """A service that cannot be reached is a NetworkError."""
    with SpooledGrpcClient(f"127.0.0.1:{free_port()}", key) as client:
        assert not client.wait_for_ready(0.1)
        with pytest.raises(spooled.NetworkError):
            client.queue.get_job(NO_JOB)
