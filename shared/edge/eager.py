"""The first step of a coroutine, taken at once: what turns out to need no waiting needs no timer around it.

As eager tasks do in Python 3.12, without a task.
"""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Begun(Generic[Result]):
    """A coroutine that runs up to where it has to wait; await it for the rest.

    Raises what the coroutine raises, at once or later.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Result]) -> None:
        self._coroutine = coroutine
        self._results: list[Result] = []
        try:
            self._awaited = coroutine.send(None)
        except StopIteration as over:
            self._results.append(over.value)

    @property
    def is_over(self) -> bool:
        """Whether it never had to wait."""
        return bool(self._results)

    def __await__(self) -> Generator[Any, Any, Result]:
        if self._results:
            return self._results[0]
        awaited = self._awaited
        while True:
            thrown: BaseException | None = None
            sent: Any = None
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's
                thrown = error
            try:
                awaited = self._coroutine.send(sent) if thrown is None else self._coroutine.throw(thrown)
            except StopIteration as over:
                result: Result = over.value
                return result
