"""The instruments that the venue lists: the whole exchangeInfo of every market in use.

Fetched at start, again every few minutes, soon after something hints at a change, and when a value
did not fit its row. A market is asked once for all who wait for it, and not more often than every
ten seconds: a hundred books that meet a new tick size at once cost one call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from gateway.errors import VenueError
from gateway.instruments import Instrument, read_exchange_info
from gateway.layout import Market
from gateway.log import RateLimit
from gateway.markets import FACTS
from gateway.rest.client import RestClient
from gateway.rest.limits import weight_per_minute

log = logging.getLogger("gateway.supervisor")

REFRESH_SECONDS_MIN = 10.0
RETRY_SECONDS_MAX = 30.0


class Catalogue:
    """Rows that streams can be of, by market and symbol."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._locks = {market: asyncio.Lock() for market in FACTS}
        self._fetched_at: dict[Market, float] = {}
        self._refreshed_at = dict.fromkeys(FACTS, float("-inf"))
        self._limit = RateLimit(count=1, interval=600.0)
        self.instruments: dict[tuple[Market, str], Instrument] = {}

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets that were fetched."""
        return tuple(self._fetched_at)

    async def need(self, markets: Iterable[Market]) -> None:
        """Fetch each of ``markets`` that was not fetched yet; raises VenueError where one fails."""
        await asyncio.gather(*(self._fetch_first(market) for market in markets))

    async def renew(self, markets: Iterable[Market]) -> None:
        """Fetch ``markets`` again; one that does not answer keeps what is known of it."""
        known = [market for market in markets if market in self._fetched_at]
        await asyncio.gather(*(self._renew(market) for market in known))

    async def refresh(self, market: Market, symbol: str) -> Instrument | None:
        """Return the instrument as the venue has it now; None: not known there.

        Asks until the venue answers: the row stays untrusted meanwhile.
        """
        asked_at, delay = time.monotonic(), 1.0
        if market not in self._fetched_at:
            return None
        while True:
            try:
                await self._fetch_since(market, asked_at)
            except VenueError:
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_SECONDS_MAX)
            else:
                return self.instruments.get((market, symbol))

    async def _fetch_first(self, market: Market) -> None:
        async with self._locks[market]:
            if market not in self._fetched_at:
                await self._fetch(market)

    async def _renew(self, market: Market) -> None:
        try:
            await self._fetch_since(market, time.monotonic())
        except VenueError as exc:
            if self._limit.admit(str(market), time.monotonic()) is not None:
                log.warning("%s; going on with the instruments as they were", exc)

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
        answer = await self._rest.exchange_info(market)
        if not answer.is_ok:
            host = address.partition("://")[2].partition("/")[0]
            raise VenueError(
                address,
                answer.problem().removeprefix(f"{host}: "),
                "check the network and the address of the upstream, or wait",
            )
        # Spot's has 15 MB: read beside the loop, which has snapshots to fetch meanwhile.
        found = await asyncio.to_thread(read_exchange_info, market, answer.body)
        limit = await asyncio.to_thread(weight_per_minute, answer.body)
        if limit is not None:
            self._rest.learn(market, limit)
        others = {key: i for key, i in self.instruments.items() if key[0] is not market}
        self.instruments = others | {(market, name): i for name, i in found.items()}
        self._fetched_at[market] = time.monotonic()
