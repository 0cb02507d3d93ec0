"""The answer to why a job is not running."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from shared.wire.vocabulary import AnswerModel

_LATER = "2030-01-31T09:03:20Z"


class GateAnswer(AnswerModel):
    """One condition of a claim, as it stands before the job."""

    name: Literal[
        "state",
        "parents",
        "due",
        "expiry",
        "paused",
        "enabled",
        "concurrency",
        "rate_limit",
        "order",
        "workers",
    ] = Field(
        description="`state` alone for a job that runs or is over. `workers`, whether anybody asks for jobs"
        " of the queue, does not count for `runnable`.",
        examples=["due"],
    )
    verdict: Literal["pass", "hold"] = Field(examples=["hold"])
    reason: str = Field(description="For a person.", examples=["Not due for 3 m 20 s."])
    since: datetime | None = Field(description="When it began, where known.", examples=[None])
    until: datetime | None = Field(description="When it ends by itself, where known.", examples=[_LATER])
    figures: dict[str, JsonValue] = Field(description="What stands behind it.", examples=[{"seconds": 200}])


class EstimateAnswer(AnswerModel):
    """When the job starts, as far as the figures tell."""

    starts_at: datetime | None = Field(description="Null where nobody can tell.", examples=[_LATER])
    basis: str = Field(description="What it is built on.", examples=["It is due then."])


class ExplanationAnswer(AnswerModel):
    """Why a job is not running."""

    job_id: str
    queue_name: str
    queue: str
    status: str
    runnable: bool = Field(description="Whether the next claim of the queue takes this job.")
    summary: str = Field(description="One sentence.", examples=["Not due for 3 m 20 s."])
    gates: list[GateAnswer] = Field(description="Every gate that a claim applies, in its order.")
    estimate: EstimateAnswer
