"""Measures the message rates of streams while a gateway runs; the next start plans with them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gateway.state import StateFile
from gateway.supervisor.frame_counts import frame_counts
from gateway.supervisor.rates import RateMeter, Rates, merge, upstream_key

FIRST_LOOK_SECONDS: Final = 5.0  # after the start; a first rate needs two looks
LOOK_SECONDS: Final = 30.0
LOOKS_A_WRITE: Final = 10


class RateKeeper:
    """``upstream`` names the venue. Segments are those of the shards that run."""

    def __init__(self, file: StateFile[Rates], upstream: str) -> None:
        self._file = file
        self._key = upstream_key(upstream)
        self._meter = RateMeter()

    async def known(self) -> dict[str, float]:
        """Return the rates that earlier runs measured, by stream."""
        return await asyncio.to_thread(
            self._file.update, lambda content: dict(content.upstreams.get(self._key, {}))
        )

    async def run(self, segments: Callable[[], Sequence[Path]]) -> None:
        """Look every half minute and write every five, until cancelled."""
        await asyncio.sleep(FIRST_LOOK_SECONDS)
        while True:
            for _ in range(LOOKS_A_WRITE):
                await asyncio.to_thread(self._look, segments())
                await asyncio.sleep(LOOK_SECONDS)
            await self.write(segments())

    async def write(self, segments: Sequence[Path]) -> None:
        """Look once more, and keep what was measured."""
        await asyncio.to_thread(self._look, segments)
        rates = dict(self._meter.rates)
        if rates:
            await asyncio.to_thread(
                self._file.update, lambda content: merge(content, self._key, rates)
            )

    def _look(self, segments: Sequence[Path]) -> None:
        for path in segments:
            # A shard that has died, or comes up just now: the next look sees its successor.
            with contextlib.suppress(OSError, ValueError):
                self._meter.observe(*frame_counts(path), time.monotonic())
