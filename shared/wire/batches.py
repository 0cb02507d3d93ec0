"""Settling many jobs at once, and taking the next ones with it."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from shared import ids
from shared.errors import MalformedInputError
from shared.jobs.claim import Claim
from shared.jobs.refusal import Hold, Outcome
from shared.jobs.settle import Completion, Failure
from shared.json_text import json_text
from shared.settings import Settings
from shared.wire.jobs import (
    LARGEST_BATCH,
    QUEUE_ALIAS,
    ClaimedJobAnswer,
    CompleteRequest,
    ErrorText,
    LeaseSeconds,
    SettledJobAnswer,
    WaitSeconds,
    WorkerId,
)
from shared.wire.vocabulary import AnswerModel, Flag, Int, Json, QueueName, RequestModel


class ClaimNext(RequestModel):
    """The next jobs to take, in the same round trip."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: QueueName
    limit: Annotated[Int, Field(ge=1, le=LARGEST_BATCH)] = 1
    wait_seconds: WaitSeconds = 0
    lease_duration_secs: LeaseSeconds | None = None

    def claim(self, worker_id: str) -> Claim:
        return Claim(self.queue_name, worker_id, self.limit, self.lease_duration_secs, self.wait_seconds)


class BatchItem(RequestModel):
    """One held job of a batch."""

    id: Annotated[str, Field(max_length=255)]
    lease_id: Annotated[str, Field(max_length=255)] | None = None

    def hold(self) -> Hold:
        lease = None if self.lease_id is None else ids.decode("lease", self.lease_id)
        return Hold(ids.decode("job", self.id), lease)


class CompleteItem(BatchItem):
    """One job that is done."""

    result: Json | None = None

    def completion(self) -> Completion:
        return Completion(self.hold(), None if self.result is None else json_text(self.result, "result"))


class FailItem(BatchItem):
    """One attempt that failed."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"error": ("reason",)}
    error: ErrorText
    no_retry: Flag = False

    def failure(self) -> Failure:
        return Failure(self.hold(), self.error, self.no_retry)


class Batch(RequestModel):
    """What every batch says beside its jobs."""

    worker_id: WorkerId | None = None
    claim_next: ClaimNext | None = None
    jobs: Annotated[list[BatchItem], Field(min_length=1, max_length=LARGEST_BATCH)]

    def next_claim(self, request_id: str) -> Claim | None:
        worker_id = self.worker_id or f"anonymous-{request_id}"[:255]
        return None if self.claim_next is None else self.claim_next.claim(worker_id)

    def require_leases(self, settings: Settings) -> None:
        """Raise MalformedInputError when the setting `require_lease_id` is on and one is missing."""
        if not settings.require_lease_id:
            return
        for index, item in enumerate(self.jobs):
            if item.lease_id is None:
                raise MalformedInputError.of_field(
                    f"jobs.{index}.lease_id", "is required: send the lease_id of the claim", "missing"
                )

    def answer(self, outcomes: list[Outcome], taken: list[dict[str, Any]]) -> dict[str, Any]:
        """One result for each job, in the order they were sent, and the next jobs when asked for."""
        results = [_result(item.id, outcome) for item, outcome in zip(self.jobs, outcomes, strict=True)]
        return {"results": results} | ({} if self.claim_next is None else {"next": taken})


class CompleteBatch(Batch):
    """Settle up to a thousand jobs as done."""

    jobs: Annotated[list[CompleteItem], Field(min_length=1, max_length=LARGEST_BATCH)]  # type: ignore[assignment]


class FailBatch(Batch):
    """Report up to a thousand failed attempts."""

    jobs: Annotated[list[FailItem], Field(min_length=1, max_length=LARGEST_BATCH)]  # type: ignore[assignment]


class HeartbeatBatch(Batch):
    """Keep up to a thousand jobs a while longer."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        "lease_duration_secs": ("extension_secs", "extension_seconds")
    }
    lease_duration_secs: LeaseSeconds = 30


class CompleteAndClaimRequest(CompleteRequest):
    """Settle a job as done, and take the next ones."""

    example: ClassVar[dict[str, Any]] = {"result": {"email_sent": True, "message_id": "msg_123"}}
    claim_next: ClaimNext | None = None

    def next_claim(self, request_id: str) -> Claim | None:
        worker_id = self.worker_id or f"anonymous-{request_id}"[:255]
        return None if self.claim_next is None else self.claim_next.claim(worker_id)


class BatchResultAnswer(AnswerModel):
    """What became of one job; `code` and `error` say why nothing did."""

    id: str
    success: bool
    status: str | None = None
    code: str | None = None
    error: str | None = None


class BatchAnswer(AnswerModel):
    """A result for each job in the order they were sent; `next` when `claim_next` was asked for."""

    results: list[BatchResultAnswer]
    next: list[ClaimedJobAnswer] | None = None


class CompletedJobAnswer(SettledJobAnswer):
    """The job after it was settled; `next` when `claim_next` was asked for."""

    next: list[ClaimedJobAnswer] | None = None


def _result(public_id: str, outcome: Outcome) -> dict[str, Any]:
    if outcome.refused is not None:
        refused = outcome.refused
        return {"id": public_id, "success": False, "code": refused.code, "error": refused.message}
    return {"id": public_id, "success": True, "status": outcome.row_or_raise()["state"]}
