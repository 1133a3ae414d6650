"""The REST client: depth snapshots and exchangeInfo, bounded in time, size and weight.

Every outcome is an ``Answer``: an HTTP status with its body, or status 0 with what went wrong. A
host that cannot be reached is replaced by the next one at once, one that fails by the next call;
nothing else is retried here: whoever asked knows how urgent it is.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.layout import Market
from gateway.markets import FACTS, WEIGHT_PER_MINUTE
from gateway.rest.budget import WeightBudget, retry_after_seconds
from gateway.rest.hosts import Hosts
from gateway.rest.tunnel import TunnelConnector, TunnelError

_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_CONNECTIONS_A_HOST = 8
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
        self._limits = config.rest
        self._endpoints = config.upstream.resolved()
        self._hosts = {m: Hosts(len(self._endpoints.rest[m])) for m in FACTS}
        self._budgets = {
            pool: WeightBudget(weight, config.rest.weight_reserve)
            for pool, weight in WEIGHT_PER_MINUTE.items()
        }
        quiet = config.rest.timeout_seconds
        # A whole spot exchangeInfo has 15 MB: long in all, but never silent for long.
        timeout = aiohttp.ClientTimeout(total=6 * quiet, sock_connect=quiet, sock_read=quiet)
        self._session = aiohttp.ClientSession(
            connector=_connector(config.upstream.proxy, _tls(config.upstream.tls_ca_file)),
            timeout=timeout,
            headers={"User-Agent": "binance-gateway"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def address(self, market: Market, call: str) -> str:
        """Return the address of ``call`` that is asked first, for messages."""
        return self._urls(market, call)[self._hosts[market].order(time.monotonic())[0]]

    async def depth(self, market: Market, symbol: str, levels: int, variant: str = "") -> Answer:
        """Fetch the order book of ``symbol`` with at least ``levels`` a side where there are.

        ``variant`` RPI: the book with retail orders in it, of USD-M alone.
        """
        call = FACTS[market].depth_call(levels, variant)
        query = {"symbol": symbol, "limit": str(call.limit)}
        return await self._get(market, call.name, query, call.weight)

    async def exchange_info(self, market: Market) -> Answer:
        """Fetch exchangeInfo with all symbols of ``market``."""
        return await self._get(market, "exchangeInfo", {}, FACTS[market].exchange_info_weight)

    def _urls(self, market: Market, call: str) -> tuple[str, ...]:
        return self._endpoints.rest_urls(market, call)

    async def _get(
        self, market: Market, call: str, query: Mapping[str, str], weight: int
    ) -> Answer:
        pool = FACTS[market].weight_pool
        budget = self._budgets[pool]
        while wait := budget.ask(time.monotonic(), weight):
            if wait > self._limits.wait_seconds_max:
                return Answer(0, error=f"no {pool} request weight is free for {wait:.0f} s")
            await asyncio.sleep(wait)
        return await self._ask(self._hosts[market], self._urls(market, call), query, budget)

    async def _ask(
        self, hosts: Hosts, urls: Sequence[str], query: Mapping[str, str], budget: WeightBudget
    ) -> Answer:
        """Ask the hosts in turn until one can be reached."""
        answer = Answer(0, error="no host to ask")
        for host in hosts.order(time.monotonic()):
            try:
                answer = await self._request(urls[host], query, budget)
            except TunnelError as exc:
                return Answer(0, error=str(exc))  # another host would be behind the same proxy
            except TimeoutError:
                answer = Answer(0, error=f"no answer within {self._limits.timeout_seconds:g} s")
            except aiohttp.ClientConnectorError as exc:
                hosts.failed(host, time.monotonic())
                answer = Answer(0, error=_reason(exc))
                continue
            except (aiohttp.ClientError, OSError) as exc:
                answer = Answer(0, error=_reason(exc))
            if answer.status == 0 or answer.status >= 500:
                hosts.failed(host, time.monotonic())
            return answer
        return answer

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


def _connector(proxy: str, tls: ssl.SSLContext | None) -> aiohttp.BaseConnector:
    if proxy:
        return TunnelConnector(proxy, tls, _CONNECTIONS_A_HOST)
    return aiohttp.TCPConnector(ssl=tls or True, limit_per_host=_CONNECTIONS_A_HOST)


def _tls(ca_file: str) -> ssl.SSLContext | None:
    """Return what the server's certificate is checked against; None: the system's authorities."""
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        problem = f"cannot be used as tls_ca_file ({exc.strerror or exc})"
        raise ConfigError(ca_file, problem, "name a PEM file with certificates") from exc


def _reason(exc: Exception) -> str:
    # aiohttp wraps the cause, and its text repeats the address; the number says it best.
    cause: object = getattr(exc, "certificate_error", exc)
    cause = cause.os_error if isinstance(cause, aiohttp.ClientConnectorError) else cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({cause.reason or cause})"
    number = getattr(cause, "errno", None) or 0
    text = os.strerror(number) if number > 0 else getattr(cause, "strerror", None) or str(cause)
    text = text or type(cause).__name__
    return text[:1].lower() + text[1:]
