"""The instruments that the venue knows: fetched at start, and again when a value did not fit.

exchangeInfo of a market is asked once for all who wait for it, and not more often than every ten
seconds: a hundred books that meet a new tick size at once cost one call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from gateway.errors import VenueError
from gateway.instruments import Instrument, read_exchange_info
from gateway.layout import Market
from gateway.rest.client import RestClient

REFRESH_SECONDS_MIN = 10.0
RETRY_SECONDS_MAX = 30.0


class Catalogue:
    """Instruments by market and symbol."""

    def __init__(self, rest: RestClient, wanted: Mapping[Market, Sequence[str]]) -> None:
        self._rest = rest
        self._wanted = wanted
        self._locks = {market: asyncio.Lock() for market in wanted}
        self._fetched_at: dict[Market, float] = {}
        self._refreshed_at = dict.fromkeys(wanted, float("-inf"))
        self.instruments: dict[tuple[Market, str], Instrument] = {}

    async def load(self) -> None:
        """Fetch each market that was not fetched yet; raises VenueError where one fails."""
        missing = [market for market in self._wanted if market not in self._fetched_at]
        await asyncio.gather(*(self._fetch(market) for market in missing))

    async def refresh(self, market: Market, symbol: str) -> Instrument | None:
        """Return the instrument as the venue has it now; None: not known there.

        Asks until the venue answers: the row stays untrusted meanwhile.
        """
        asked_at, delay = time.monotonic(), 1.0
        if market not in self._locks:
            return None
        while True:
            try:
                await self._fetch_since(market, asked_at)
            except VenueError:
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_SECONDS_MAX)
            else:
                return self.instruments.get((market, symbol))

    async def _fetch_since(self, market: Market, asked_at: float) -> None:
        async with self._locks[market]:
            if self._fetched_at[market] > asked_at:
                return  # another asked meanwhile
            rest = self._refreshed_at[market] + REFRESH_SECONDS_MIN - time.monotonic()
            await asyncio.sleep(max(0.0, rest))
            self._refreshed_at[market] = time.monotonic()
            await self._fetch(market)

    async def _fetch(self, market: Market) -> None:
        address = self._rest.address(market, "exchangeInfo")
        answer = await self._rest.exchange_info(market, self._wanted[market])
        if not answer.is_ok:
            raise VenueError(
                address, answer.problem(), "check the network and --upstream-rest, or wait"
            )
        found = read_exchange_info(market, answer.body, self._wanted[market])
        self.instruments.update({(market, name): i for name, i in found.items()})
        self._fetched_at[market] = time.monotonic()
