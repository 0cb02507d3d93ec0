"""Answers about the service's own health."""

from typing import Literal

from pydantic import Field

from shared.wire.vocabulary import AnswerModel


class LiveAnswer(AnswerModel):
    """The process runs."""

    status: Literal["alive"]


class ReadyAnswer(AnswerModel):
    """Requests can be answered."""

    status: Literal["ready"]
    database: bool


class HealthAnswer(AnswerModel):
    """How the service is."""

    status: Literal["healthy", "degraded"]
    version: str
    database: bool
    cache: bool
    silent_timers: list[str] = Field(
        description="Timers of which no run succeeded for three of their periods.", examples=[[]]
    )
    uptime_seconds: int
