"""Jobs that wait, before something is measured."""

import httpx

from benchmarks.load import JOB, JOBS

LARGEST_BATCH = 1000


def fill(url: str, key: str, queue: str, count: int) -> None:
    """Make so many jobs in a queue. Raises httpx.HTTPStatusError when they are refused."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        for start in range(0, count, LARGEST_BATCH):
            jobs = [{"payload": JOB["payload"]}] * min(LARGEST_BATCH, count - start)
            body = {"queue_name": queue, "jobs": jobs}
            http.post(f"{JOBS}/bulk", json=body).raise_for_status()
