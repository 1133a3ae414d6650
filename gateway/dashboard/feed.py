"""The gateway, read again and again while somebody looks. Only the newest moment is kept.

All reading is in one thread. Nobody looks: nothing is read, attached or asked. No gateway: looked
for until there is one; a gateway that ended is shown as it was, until there is another.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from gateway.dashboard.looks import Look
from gateway.dashboard.messages import Moment, wanted
from gateway.watch.changes import View, compare
from gateway.watch.readings import Reading
from gateway.watch.watcher import Watcher
from gateway_client import ClientError

WINDOW_SECONDS: Final = 2.0
"""Rates and latencies are those of so long."""
SEARCH_SECONDS: Final = 1.0
"""Between two looks for another gateway than the one that ended."""
IDLE_SECONDS: Final = 5.0
"""Nobody looks for so long: everything is let go."""


class Feed:
    """Looks ``rate`` times a second on behalf of ``looks()``; ``on_moment`` is told on the loop."""

    def __init__(
        self,
        run_dir: str,
        rate: float,
        looks: Callable[[], Sequence[Look]],
        on_moment: Callable[[Moment], None],
    ) -> None:
        self._run_dir = run_dir or None
        self._interval = 1.0 / rate
        self._looks = looks
        self._on_moment = on_moment
        self._is_wanted = asyncio.Event()
        self._worker = ThreadPoolExecutor(1, "feed")
        self._watcher: Watcher | None = None
        self._before: deque[Reading] = deque()
        self._number = 0
        self._searched = 0.0

    def want(self) -> None:
        """Somebody looks."""
        self._is_wanted.set()

    async def run(self) -> None:
        """Read until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                looks = self._looks()
                if looks:
                    moment = await loop.run_in_executor(self._worker, self._moment, looks)
                    self._on_moment(moment)
                    await asyncio.sleep(self._interval - (loop.time() - began))
                else:
                    await self._wait()
        finally:
            self._worker.submit(self._forget)
            self._worker.shutdown(cancel_futures=False)

    async def _wait(self) -> None:
        """Wait for somebody; lets go of the gateway after a while, not at each reload of a page."""
        self._is_wanted.clear()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._is_wanted.wait()
        except TimeoutError:
            await asyncio.get_running_loop().run_in_executor(self._worker, self._forget)
            await self._is_wanted.wait()

    def _moment(self, looks: Sequence[Look]) -> Moment:
        self._number += 1
        try:
            watcher = self._watcher or self._attach()
        except ClientError as exc:
            return Moment(self._number, why=str(exc))
        reading = watcher.take()
        if not reading.is_alive:
            watcher, reading = self._successor(watcher, reading)
        view = self._compared(reading)
        books = {
            symbol: watcher.book(symbol, levels) for symbol, levels in wanted(view, looks).items()
        }
        return Moment(self._number, view, books=books)

    def _attach(self) -> Watcher:
        self._watcher = Watcher(self._run_dir, with_report=True)
        self._before.clear()
        return self._watcher

    def _successor(self, watcher: Watcher, reading: Reading) -> tuple[Watcher, Reading]:
        """Return another gateway that lives, maybe in another directory, else what there was."""
        now = time.monotonic()
        if now - self._searched < SEARCH_SECONDS:
            return watcher, reading
        self._searched = now
        try:
            with Watcher(self._run_dir) as other:
                is_alive = other.take().is_alive
        except ClientError:
            return watcher, reading
        if not is_alive:
            return watcher, reading
        watcher.close()
        found = self._attach()
        return found, found.take()

    def _compared(self, reading: Reading) -> View:
        before = self._before
        while before and (
            before[0].instance != reading.instance or reading.at - before[0].at > WINDOW_SECONDS
        ):
            before.popleft()
        view = compare(before[0] if before else None, reading)
        before.append(reading)
        return view

    def _forget(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = None
        self._before.clear()
