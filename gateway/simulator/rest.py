"""The REST shell: aiohttp in front of a source; paths as on the real hosts, below the market.

    /spot/api/v3/{ping,time,exchangeInfo,depth}
    /usdm/fapi/v1/{ping,time,exchangeInfo,depth,rpiDepth}      /coinm/dapi/v1/...

Each call is weighed before it is answered; a refused one costs its weight too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct, Violation
from gateway.simulator.exchange_info import exchange_info
from gateway.simulator.names import Market, pair_of
from gateway.simulator.queries import (
    Refusal,
    depth_limit,
    depth_weight,
    invalid_symbol,
    rpi_depth_limit,
    symbol_of,
    symbols_asked,
)
from gateway.simulator.source import NoSnapshot, NoSuchSymbol, RetailBooks, Source
from gateway.simulator.truth import TrueBook
from gateway.simulator.weight import Spent, WeightPool

API_PATHS: Final = {
    Market.SPOT: "/spot/api/v3",
    Market.USDM: "/usdm/fapi/v1",
    Market.COINM: "/coinm/dapi/v1",
}
_EXCHANGE_INFO_WEIGHT: Final = {Market.SPOT: 20, Market.USDM: 1, Market.COINM: 1}
_ERROR_WEIGHT: Final = 1  # of a query that is not understood
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Weigh = Callable[[web.Request], int]
Build = Callable[[web.Request], Any]
Look = Callable[[Market, str], TrueBook]
Limit = Callable[[Mapping[str, str]], int]


class RestApi:
    """One market's REST endpoints."""

    def __init__(
        self, market: Market, source: Source, pool: WeightPool, clock: Clock, conduct: Conduct
    ) -> None:
        self._market = market
        self._source = source
        self._pool = pool
        self._clock = clock
        self._conduct = conduct

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints, to be added to an application."""
        base = API_PATHS[self._market]
        info_weight = _EXCHANGE_INFO_WEIGHT[self._market]
        routes = [
            web.get(f"{base}/ping", self._answer(lambda _: 1, lambda _: {})),
            web.get(f"{base}/time", self._answer(lambda _: 1, self._time)),
            web.get(f"{base}/exchangeInfo", self._answer(lambda _: info_weight, self._info)),
            web.get(f"{base}/depth", self._book(self._source.depth, self._depth_limit)),
        ]
        if self._market is Market.USDM and isinstance(self._source, RetailBooks):
            look, limit = self._source.rpi_depth, rpi_depth_limit
            routes.append(web.get(f"{base}/rpiDepth", self._book(look, limit)))
        return routes

    def _answer(self, weigh: Weigh, build: Build) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            spent: Spent | None = None
            try:
                spent = self._spend(weigh(request))
                if spent.status != 200:
                    return _respond(spent, spent.body, spent.status)
                return _respond(spent, orjson.dumps(build(request)))
            except Refusal as refusal:
                spent = spent or self._spend(_ERROR_WEIGHT)
                return _respond(spent, refusal.body, refusal.status)

        return handle

    def _spend(self, weight: int) -> Spent:
        spent = self._pool.spend(weight, self._clock.now_ns())
        if spent.status != 200:
            self._conduct.violations[Violation.WEIGHT] += 1
        return spent

    def _time(self, request: web.Request) -> Any:
        return {"serverTime": self._source.now_ms()}

    def _info(self, request: web.Request) -> Any:
        listed = self._source.instruments(self._market)
        wanted = symbols_asked(self._market, request.query)
        if wanted is not None:
            if not set(wanted) <= {instrument.symbol for instrument in listed}:
                raise invalid_symbol()
            listed = [instrument for instrument in listed if instrument.symbol in wanted]
        limits = self._pool.rate_limits()
        return exchange_info(self._market, listed, self._source.now_ms(), limits)

    def _book(self, look: Look, limit_of: Limit) -> Handler:
        def weigh(request: web.Request) -> int:
            symbol_of(request.query)
            return depth_weight(self._market, limit_of(request.query))

        def build(request: web.Request) -> Any:
            return self._depth(symbol_of(request.query), limit_of(request.query), look)

        answer = self._answer(weigh, build)

        async def handle(request: web.Request) -> web.StreamResponse:
            # Held until the answer is with the socket: a replay at full speed stands meanwhile.
            with self._source.answering():
                response = await answer(request)
                await response.prepare(request)
                await response.write_eof()
                return response

        return handle

    def _depth_limit(self, query: Mapping[str, str]) -> int:
        return depth_limit(self._market, query)

    def _depth(self, symbol: str, limit: int, look: Look) -> Any:
        try:
            book = look(self._market, symbol)
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
        return body


def _respond(spent: Spent, body: bytes, status: int = 200) -> web.Response:
    headers = dict(spent.headers)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


async def unknown_path(request: web.Request) -> web.StreamResponse:
    """Answer what the venue does not have."""
    refusal = Refusal(-1, f"no such endpoint: {request.path}", 404)
    return web.Response(body=refusal.body, status=404, content_type="application/json")
