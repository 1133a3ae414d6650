"""The venue's REST API in simulated time: latency, weight, refusals, stale answers.

It stands where aiohttp's session would: ``get(url, params=…)`` gives a response to be entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import orjson

from gateway.simulator.fault_times import RestDecision, RestFaultsOf
from gateway.simulator.names import Market
from gateway.simulator.weight import WeightPool
from tests.trust.latest import CALLS, Latest
from tests.trust.venue import Venue
from tests.trust.weights import WeightLog, hold_s, weight_of

CLOCK_STEP_S = 1e-6  # by so much the sum of two times may be off


class Rest:
    """All hosts. ``weights`` hears of every call when it leaves the gateway."""

    def __init__(self, venue: Venue, limits: Mapping[str, int], latency_s: float) -> None:
        self._venue = venue
        self._latency_s = latency_s
        self._pools = {pool: WeightPool(limit) for pool, limit in limits.items()}
        self._faults = RestFaultsOf(venue.plan)
        self.weights = {pool: WeightLog(limit) for pool, limit in limits.items()}
        self.refused_for_weight = 0
        self.forbidden: list[str] = []  # calls that left though the venue had asked for none
        self.calls: dict[str, int] = {}
        self.latest = Latest(venue.exchange, venue.history)

    def get(self, url: str, params: Mapping[str, str], **_: Any) -> Response:
        parts = urlsplit(url)
        _, market, *rest = parts.path.split("/")
        call = "/".join(rest[2:])
        return Response(self, Market(market), call, dict(params))

    async def close(self) -> None:
        """Nothing is open."""

    async def answer(self, market: Market, call: str, query: dict[str, str]) -> Response:
        venue, pool = self._venue, "spot" if market is Market.SPOT else "futures"
        weight = weight_of(str(market), call, query)
        self.calls[call] = self.calls.get(call, 0) + 1
        log, now, sent_ns = self.weights[pool], venue.loop.time(), venue.clock.mono_ns
        rows = []
        log.spend(now, weight)
        if now < log.held_until - CLOCK_STEP_S:
            self.forbidden.append(
                f"{market}: {call} left {log.held_until - now:.3f} s before the venue takes calls"
            )
        decision = RestDecision() if venue.is_calm else self._faults.decide(f"{market}:{call}")
        pause = self._latency_s * (0.5 + venue.random.random()) / 2 + decision.delay_s / 2
        await asyncio.sleep(pause)
        spent = self._pools[pool].spend(weight, venue.clock.real_ns)
        status, headers, body = spent.status, dict(spent.headers), spent.body
        headers["Date"] = formatdate(venue.clock.real_ns / 1e9, usegmt=True)
        if status != 200:
            self.refused_for_weight += 1
        elif decision.status:
            status, body = decision.status, b"{}"
            if decision.retry_after_s is not None:
                headers["Retry-After"] = str(decision.retry_after_s)
        elif call in CALLS:
            rows = self.latest.rows(market, call, query, venue.clock.real_ns // 1_000_000)
            told = [row for _, row, _ in rows]
            body = orjson.dumps(told[0] if "symbol" in query else told)
        else:
            body = orjson.dumps(self._data(market, call, query, decision.stale_s))
        wall_s = venue.clock.real_ns / 1e9
        await asyncio.sleep(pause)
        log.hold(venue.loop.time(), hold_s(status, headers.get("Retry-After"), wall_s))
        self.latest.note(call, rows, (sent_ns, venue.clock.mono_ns))
        return Response(self, market, call, query, status, headers, body)

    def _data(self, market: Market, call: str, query: dict[str, str], stale_s: float) -> Any:
        history, symbol = self._venue.history, query["symbol"]
        key = f"{market}:{symbol.lower()}@"
        match call:
            case "depth":
                return history.depth(f"{market}:{symbol}", int(query.get("limit", 100)), stale_s)
            case "aggTrades":
                return history.agg_trades(key + "aggTrade", query)
            case "trades" | "historicalTrades":
                return history.trades(key + "trade", query)
            case "klines":
                return history.klines(f"{key}kline_{query['interval']}", query)
        raise AssertionError(f"nobody is known to ask for {call}")


class Response:
    """A call to be made, and then its answer; as much of aiohttp's as is used."""

    def __init__(
        self, rest: Rest, market: Market, call: str, query: dict[str, str], status: int = 0,
        headers: Mapping[str, str] = {}, body: bytes = b"",
    ) -> None:  # fmt: skip
        self._rest, self._market, self._call, self._query = rest, market, call, query
        self.status, self.headers, self._body = status, headers, body
        self.content = self

    async def __aenter__(self) -> Response:
        return await self._rest.answer(self._market, self._call, self._query)

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self) -> bytes:
        return self._body

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        yield self._body
