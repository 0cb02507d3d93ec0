"""Work that is not stopped in the middle."""

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


async def finished(work: "Coroutine[Any, Any, Result] | asyncio.Task[Result]") -> Result:
    """What the work returns or raises.

    When this is cancelled, once or several times, the work is done to its end before that goes on.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # nobody else asks for it, and asyncio would report that
    raise cancelled
