"""Answers about the service's own health."""

from typing import Literal

from shared.wire.vocabulary import AnswerModel


class HealthAnswer(AnswerModel):
    """How the service is."""

    status: Literal["healthy", "degraded"]
    version: str
    database: bool
    cache: bool
    uptime_seconds: int
