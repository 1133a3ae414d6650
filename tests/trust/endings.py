"""What goes wrong where nobody looks: exceptions in tasks and callbacks, and work that was left.

An event loop only logs them, and a run must fail for them.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ROUNDS = 10  # a task that is cancelled may begin another


class Endings:
    """Notes what a loop would only log. Use ``watching`` around everything that runs in it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.found: list[str] = []
        loop.set_exception_handler(self._note)

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.found.append(f"{context['message']}: {error!r}" if error else str(context["message"]))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Also see what Python only warns of: a coroutine that was never awaited."""
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuntimeWarning)
            yield
            gc.collect()  # what nobody awaited speaks up when it is taken away
        self.found += [str(each.message) for each in warned if each.category is RuntimeWarning]

    def end_all(self) -> None:
        """Cancel what is left; what ends with another error than that is noted."""
        for _ in range(ROUNDS):
            left = asyncio.all_tasks(self._loop)
            if not left:
                return
            for task in left:
                task.cancel()
            self._loop.run_until_complete(self._wait(left))
        self.found.append(f"tasks that do not end: {asyncio.all_tasks(self._loop)}")

    async def _wait(self, tasks: set[asyncio.Task[Any]]) -> None:
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self.found += [
            f"a task ended with {result!r}"
            for result in results
            if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError)
        ]
