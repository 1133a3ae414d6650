"""The REST shell: aiohttp in front of ``rest_calls``.

Paths are as on the real hosts, below the market:

    /spot/api/v3/{ping,time,exchangeInfo,depth,trades,historicalTrades,aggTrades,klines,
                  ticker/bookTicker,ticker/24hr}
    /usdm/fapi/v1/... with rpiDepth, premiumIndex and {continuous,indexPrice,markPrice}Klines
    /coinm/dapi/v1/... with premiumIndex and those klines

Each call is weighed before it is answered; a refused one costs its weight too. Faults come on top.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.simulator.answers import Call
from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct, Violation
from gateway.simulator.fault_state import FaultState
from gateway.simulator.fault_times import RestDecision
from gateway.simulator.names import Market
from gateway.simulator.queries import Refusal
from gateway.simulator.rest_calls import API_PATHS, calls_of, respond
from gateway.simulator.source import Source
from gateway.simulator.weight import WeightPool

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApi:
    """One market's REST endpoints."""

    def __init__(
        self, market: Market, source: Source, pool: WeightPool, clock: Clock, conduct: Conduct,
        faults: FaultState,
    ) -> None:  # fmt: skip
        self.calls = calls_of(market, source, pool)
        self._market = market
        self._source = source
        self._pool = pool
        self._clock = clock
        self._conduct = conduct
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints, to be added to an application."""
        base = API_PATHS[self._market]
        return [
            web.get(f"{base}/{name}", self._handler(name, call))
            for name, call in self.calls.items()
        ]

    def _handler(self, name: str, call: Call) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            fault = self._faults.decide_rest(f"{self._market}:{name}", call.is_depth)
            await asyncio.sleep(fault.delay_s / 2)
            response = self._answer(call, request, fault)
            await asyncio.sleep(fault.delay_s / 2)
            return response

        async def handle_depth(request: web.Request) -> web.StreamResponse:
            # Held until the answer is with the socket: a replay at full speed stands meanwhile.
            with self._source.answering():
                response = await handle(request)
                try:
                    await response.prepare(request)
                    await response.write_eof()
                except ConnectionError:
                    self._conduct.abandoned += 1
                return response

        return handle_depth if call.is_depth else handle

    def _answer(self, call: Call, request: web.Request, fault: RestDecision) -> web.Response:
        now_ns = self._clock.now_ns()
        answer = respond(call, request.query, self._pool, now_ns, fault, request.headers)
        if answer.is_excess:
            self._conduct.violations[Violation.WEIGHT] += 1
        return web.Response(
            body=answer.body,
            status=answer.status,
            content_type="application/json",
            headers=answer.headers,
        )


async def unknown_path(request: web.Request) -> web.StreamResponse:
    """Answer what the venue does not have."""
    refusal = Refusal(-1, f"no such endpoint: {request.path}", 404)
    return web.Response(body=refusal.body, status=404, content_type="application/json")
