"""What a program finds in its environment and on its standard input."""

import json
import os

from shared.command.worker.plan import Plan
from shared.command.worker.service import Held

HEAD = "SPOOLED_JOB_"
LONGEST = 100_000
"""Bytes of a fact: with a variable of more than 128 KiB Linux starts no program, and others stop sooner."""


def environment_of(held: Held, plan: Plan) -> dict[str, str]:
    """This process's environment, and the facts of the job.

    What a job does not have is not set, and neither is what is too long to be in an environment.
    """
    job = held.job
    facts = {
        f"{HEAD}ID": held.id,
        "SPOOLED_QUEUE": held.queue,
        "SPOOLED_ATTEMPT": held.attempt,
        "SPOOLED_MAX_RETRIES": job["max_retries"],
        "SPOOLED_WORKER_ID": plan.worker_id,
        f"{HEAD}TIMEOUT": f"{timeout_of(held, plan):g}",
        f"{HEAD}PRIORITY": job["priority"],
        f"{HEAD}CREATED_AT": job["created_at"],
        f"{HEAD}SCHEDULED_AT": job.get("scheduled_at"),
        f"{HEAD}IDEMPOTENCY_KEY": job.get("idempotency_key"),
        f"{HEAD}LAST_ERROR": job.get("last_error"),
        f"{HEAD}TAGS": None if job.get("tags") is None else json.dumps(job["tags"], ensure_ascii=False),
        f"{HEAD}WORKFLOW_ID": job.get("workflow_id"),
        f"{HEAD}STEP": job.get("key"),
        "TRACEPARENT": job.get("traceparent"),
        "TRACESTATE": job.get("tracestate"),
    }
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((HEAD, "TRACEPARENT", "TRACESTATE"))
    }
    # A NUL ends a variable.
    given = {name: str(value).replace("\0", " ") for name, value in facts.items() if value is not None}
    return inherited | {name: value for name, value in given.items() if len(os.fsencode(value)) <= LONGEST}


def input_of(held: Held, plan: Plan) -> bytes:
    """The payload as JSON, or the whole job."""
    return json.dumps(held.job if plan.whole_job else held.job["payload"], ensure_ascii=False).encode(
        errors="surrogatepass"
    )


def timeout_of(held: Held, plan: Plan) -> float:
    """Seconds that this run may take."""
    allowed = float(held.job["timeout_seconds"])
    return allowed if plan.timeout is None else min(allowed, plan.timeout)
