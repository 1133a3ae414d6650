"""Follows what the venue lists: new instruments join their patterns, delisted ones retire.

Every few minutes, and soon after a shard has met a symbol that nobody knows.
"""

from __future__ import annotations

import asyncio
import time

from gateway.layout import Market
from gateway.markets import BY_NAME
from gateway.plan import RowUnknown
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.hints import Hints
from gateway.supervisor.steward import Steward


class Listings:
    """``interval`` in seconds, between two looks without a hint."""

    def __init__(self, catalogue: Catalogue, steward: Steward, interval: float) -> None:
        self._catalogue = catalogue
        self._steward = steward
        self._interval = interval
        self._hints = Hints(interval)
        self._hinted: set[Market] = set()
        self._arrived = asyncio.Event()

    def on_row_unknown(self, note: RowUnknown) -> None:
        """Take in that a stream has a symbol that the plan has not."""
        facts = BY_NAME.get(note.stream.partition(":")[0])
        if facts is not None and self._hints.take(facts.name, note.symbol, time.monotonic()):
            self._hinted.add(facts.market)
            self._arrived.set()

    async def run(self) -> None:
        """Look, and have the shards follow, until cancelled."""
        next_at = time.monotonic() + self._interval
        while True:
            try:
                async with asyncio.timeout(max(0.0, next_at - time.monotonic())):
                    await self._arrived.wait()
            except TimeoutError:
                self._hinted.update(self._catalogue.markets)
                next_at = time.monotonic() + self._interval
            self._arrived.clear()
            await self._look()

    async def _look(self) -> None:
        markets, self._hinted = self._hinted, set()
        before = self._catalogue.instruments
        await self._catalogue.renew(markets)
        if self._catalogue.instruments != before:
            await self._steward.follow_listings()
