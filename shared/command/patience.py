"""How long to wait before the next try."""

import random

from shared.command.errors import ApiError, CommandError

LONGEST_PAUSE = 30.0


def pause_before(attempt: int, error: CommandError | None = None) -> float:
    """Seconds before try number `attempt`, of which 2 is the first repetition.

    Doubles from half a second up to half a minute, with a quarter of it by chance, so that many who lost the
    same service do not come back at the same moment. A `Retry-After` wins.
    """
    if isinstance(error, ApiError) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_PAUSE)
    doubled: float = min(0.5 * 2 ** min(attempt - 2, 10), LONGEST_PAUSE)
    return doubled * random.uniform(0.75, 1.0)  # noqa: S311 - spreading load is no secret
