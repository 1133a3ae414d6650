"""The REST client: depth snapshots and exchangeInfo, bounded in time, size and weight.

Every outcome is an ``Answer``: an HTTP status with its body, or status 0 with what went wrong.
Nothing is retried here; whoever asked knows how urgent it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.layout import Market
from gateway.markets import FACTS, WEIGHT_PER_MINUTE, rest_url
from gateway.rest.budget import WeightBudget, retry_after_seconds

_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_SYMBOLS_IN_QUERY_MAX = 100  # more go by the whole list, so that the address stays short
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP ``status`` and ``body``, or status 0 and ``error``."""

    status: int
    body: bytes = b""
    error: str = ""

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    def problem(self) -> str:
        """Say in words what is wrong with it."""
        return self.error or f"HTTP {self.status}: {self.body[:100].decode(errors='replace')}"


class RestClient:
    """One per gateway; made and closed inside a running event loop."""

    def __init__(self, config: Config) -> None:
        self._upstream = config.upstream.rest
        self._limits = config.rest
        self._budgets = {
            pool: WeightBudget(weight, config.rest.weight_reserve)
            for pool, weight in WEIGHT_PER_MINUTE.items()
        }
        tls = _tls(config.upstream.tls_ca_file)
        quiet = config.rest.timeout_seconds
        # A whole spot exchangeInfo has 15 MB: long in all, but never silent for long.
        timeout = aiohttp.ClientTimeout(total=6 * quiet, sock_connect=quiet, sock_read=quiet)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit_per_host=8),
            timeout=timeout,
            headers={"User-Agent": "binance-gateway"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def address(self, market: Market, call: str) -> str:
        """Return the address of ``call``, for messages."""
        return rest_url(market, call, self._upstream)

    async def depth(self, market: Market, symbol: str, levels: int) -> Answer:
        """Fetch the order book of ``symbol`` with at least ``levels`` a side where there are."""
        facts = FACTS[market]
        limit = facts.depth_limit(levels)
        query = {"symbol": symbol, "limit": str(limit)}
        return await self._get(market, "depth", query, facts.depth_weight(limit))

    async def exchange_info(self, market: Market, symbols: Sequence[str]) -> Answer:
        """Fetch exchangeInfo, of ``symbols`` alone where the venue allows that."""
        weight = FACTS[market].exchange_info_weight
        if not FACTS[market].exchange_info_takes_symbols or len(symbols) > _SYMBOLS_IN_QUERY_MAX:
            return await self._get(market, "exchangeInfo", {}, weight)
        query = {"symbols": json.dumps(list(symbols), separators=(",", ":"), ensure_ascii=False)}
        answer = await self._get(market, "exchangeInfo", query, weight)
        if answer.status == 400:
            # One unknown symbol fails the whole call without being named; the list names it.
            return await self._get(market, "exchangeInfo", {}, weight)
        return answer

    async def _get(
        self, market: Market, call: str, query: Mapping[str, str], weight: int
    ) -> Answer:
        pool = FACTS[market].weight_pool
        budget = self._budgets[pool]
        while wait := budget.ask(time.monotonic(), weight):
            if wait > self._limits.wait_seconds_max:
                return Answer(0, error=f"no {pool} request weight is free for {wait:.0f} s")
            await asyncio.sleep(wait)
        try:
            return await self._request(self.address(market, call), query, budget)
        except TimeoutError:
            return Answer(0, error=f"no answer within {self._limits.timeout_seconds:g} s")
        except (aiohttp.ClientError, OSError) as exc:
            return Answer(0, error=_reason(exc))

    async def _request(self, url: str, query: Mapping[str, str], budget: WeightBudget) -> Answer:
        async with self._session.get(url, params=query, allow_redirects=False) as response:
            now = time.monotonic()
            used = response.headers.get(_USED_WEIGHT, "")
            if used.isdecimal():
                budget.observe(now, int(used))
            if response.status in (418, 429):
                wait = retry_after_seconds(response.headers.get("Retry-After"))
                held = budget.hold(now, response.status, wait)
                error = f"HTTP {response.status}: the venue wants no call for {held:.0f} s"
                return Answer(response.status, error=error)
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._limits.body_bytes_max:
                most = self._limits.body_bytes_max
                return Answer(0, error=f"the answer is longer than {most} bytes")
        return Answer(response.status, bytes(body))


def _tls(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        problem = f"cannot be used as tls_ca_file ({exc.strerror or exc})"
        raise ConfigError(ca_file, problem, "name a PEM file with certificates") from exc


def _reason(exc: Exception) -> str:
    # aiohttp wraps the cause, and its text repeats the address; the number says it best.
    cause = exc.os_error if isinstance(exc, aiohttp.ClientConnectorError) else exc
    number = getattr(cause, "errno", None) or 0
    text = os.strerror(number) if number > 0 else getattr(cause, "strerror", None) or str(cause)
    text = text or type(cause).__name__
    return text[:1].lower() + text[1:]
