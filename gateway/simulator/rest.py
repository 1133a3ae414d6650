"""The REST shell: aiohttp in front of a source; paths as on the real hosts, below the market.

    /spot/api/v3/{ping,time,exchangeInfo,depth}      /usdm/fapi/v1/...      /coinm/dapi/v1/...

Weights are counted per clock minute and reported in the header as the venue does; USD-M and COIN-M
share one pool. Nothing is refused for weight.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.simulator.clock import Clock
from gateway.simulator.exchange_info import exchange_info
from gateway.simulator.names import Market, pair_of
from gateway.simulator.queries import (
    Refusal,
    depth_limit,
    depth_weight,
    invalid_symbol,
    symbol_of,
    symbols_asked,
)
from gateway.simulator.source import NoSnapshot, NoSuchSymbol, Source

API_PATHS: Final = {
    Market.SPOT: "/spot/api/v3",
    Market.USDM: "/usdm/fapi/v1",
    Market.COINM: "/coinm/dapi/v1",
}
_EXCHANGE_INFO_WEIGHT: Final = {Market.SPOT: 20, Market.USDM: 1, Market.COINM: 1}
_USED_WEIGHT: Final = "X-MBX-USED-WEIGHT-1M"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WeightPool:
    """Request weight used in the current clock minute (UTC)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minute = 0
        self._used = 0

    def spend(self, weight: int) -> int:
        """Count a request; return what the minute has used."""
        minute = self._clock.now_ns() // 60_000_000_000
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += weight
        return self._used


class RestApi:
    """One market's REST endpoints."""

    def __init__(self, market: Market, source: Source, pool: WeightPool) -> None:
        self._market = market
        self._source = source
        self._pool = pool

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints, to be added to an application."""
        base = API_PATHS[self._market]
        return [
            web.get(f"{base}/ping", self._answer(self._ping)),
            web.get(f"{base}/time", self._answer(self._time)),
            web.get(f"{base}/exchangeInfo", self._answer(self._exchange_info)),
            web.get(f"{base}/depth", self._depth),
        ]

    def _answer(self, build: Callable[[web.Request], tuple[Any, int]]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                body, weight = build(request)
            except Refusal as refusal:
                return self._respond(refusal.body, 1, refusal.status)
            return self._respond(orjson.dumps(body), weight)

        return handle

    def _respond(self, body: bytes, weight: int, status: int = 200) -> web.Response:
        headers = {_USED_WEIGHT: str(self._pool.spend(weight))}
        return web.Response(
            body=body, status=status, content_type="application/json", headers=headers
        )

    def _ping(self, request: web.Request) -> tuple[Any, int]:
        return {}, 1

    def _time(self, request: web.Request) -> tuple[Any, int]:
        return {"serverTime": self._source.now_ms()}, 1

    def _exchange_info(self, request: web.Request) -> tuple[Any, int]:
        listed = self._source.instruments(self._market)
        wanted = symbols_asked(self._market, request.query)
        if wanted is not None:
            if not set(wanted) <= {instrument.symbol for instrument in listed}:
                raise invalid_symbol()
            listed = [instrument for instrument in listed if instrument.symbol in wanted]
        body = exchange_info(self._market, listed, self._source.now_ms())
        return body, _EXCHANGE_INFO_WEIGHT[self._market]

    async def _depth(self, request: web.Request) -> web.StreamResponse:
        # Held until the answer is handed to the socket: a replay at full speed stands meanwhile.
        with self._source.answering():
            response = await self._answer(self._depth_body)(request)
            await response.prepare(request)
            await response.write_eof()
            return response

    def _depth_body(self, request: web.Request) -> tuple[Any, int]:
        symbol = symbol_of(request.query)
        limit = depth_limit(self._market, request.query)
        try:
            book = self._source.depth(self._market, symbol)
        except NoSuchSymbol:
            raise invalid_symbol() from None
        except NoSnapshot as exc:
            raise Refusal(-1000, f"{exc}.", 404) from exc
        body: dict[str, Any] = {"lastUpdateId": book.update_id}
        if self._market is not Market.SPOT:
            body["E"] = body["T"] = self._source.now_ms()
        if self._market is Market.COINM:
            body["symbol"], body["pair"] = symbol, pair_of(symbol)
        body["bids"], body["asks"] = book.bids[:limit], book.asks[:limit]
        return body, depth_weight(self._market, limit)


async def unknown_path(request: web.Request) -> web.StreamResponse:
    """Answer what the venue does not have."""
    refusal = Refusal(-1, f"no such endpoint: {request.path}", 404)
    return web.Response(body=refusal.body, status=404, content_type="application/json")
