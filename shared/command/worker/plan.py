"""What a worker was asked to do."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """The options of `spooled work`; all times are seconds."""

    program: tuple[str, ...]
    """The command and its arguments, run without a shell."""
    queues: tuple[str, ...]
    """Those named first go first."""
    worker_id: str
    concurrency: int = 1
    lease: int = 60
    """Length of a lease. It is renewed three times in that."""
    timeout: float | None = None
    """Longest run, whatever a job allows; None: what the job allows."""
    grace: float = 10.0
    """Between SIGTERM and SIGKILL."""
    wait: float = 20.0
    """How long one request waits for a job."""
    max_jobs: int | None = None
    max_time: float | None = None
    """After it no job is taken any more."""
    stop_when_empty: bool = False
    whole_job: bool = False
    """The program reads the job, not the payload alone."""
    no_retry_codes: frozenset[int] = field(default_factory=lambda: frozenset({65}))
    """Exit codes of the program that say that another try would not help."""
