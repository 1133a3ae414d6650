"""Follows what the venue lists: new instruments join their patterns, delisted ones retire, halted
ones resume. When to look is decided in ``looks``.
"""

from __future__ import annotations

import asyncio
import time

from gateway.markets import BY_NAME
from gateway.plan import FellSilent, RowUnknown
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.looks import Looks
from gateway.supervisor.steward import Steward


class Listings:
    """``interval`` in seconds, between two looks without a reason."""

    def __init__(self, catalogue: Catalogue, steward: Steward, interval: float) -> None:
        self._catalogue = catalogue
        self._steward = steward
        self._looks = Looks(interval, time.monotonic())
        self._hinted = asyncio.Event()

    def every(self, interval: float) -> None:
        """From now on look so often, in seconds, without a reason."""
        self._looks.every(interval, time.monotonic())
        self._hinted.set()  # it may be due earlier than it was

    def on_row_unknown(self, note: RowUnknown) -> None:
        """Take in that a stream has a symbol that the plan has not."""
        facts = BY_NAME.get(note.stream.partition(":")[0])
        if facts is None:
            return
        if self._looks.hint((facts.market, note.symbol), time.monotonic()):
            self._hinted.set()

    def on_silent(self, note: FellSilent) -> None:
        """Take in that streams of a market fell silent: it may say of them that they are halted."""
        self._looks.fell_silent(note.market)
        self._hinted.set()

    async def run(self) -> None:
        """Look, and have the shards follow, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._looks.wait(time.monotonic())):
                    await self._hinted.wait()
            except TimeoutError:
                pass
            self._hinted.clear()
            await self._look()

    async def _look(self) -> None:
        halted = self._steward.halted
        markets = self._looks.due(self._catalogue.markets, halted, time.monotonic())
        before = self._catalogue.instruments
        await self._catalogue.renew(markets)
        if self._catalogue.instruments != before:
            await self._steward.follow_listings()
