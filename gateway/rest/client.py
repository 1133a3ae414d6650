"""The REST client: books, history and exchangeInfo, bounded in time, size and weight.

Every outcome is an ``Answer``: an HTTP status with its body, or status 0 with what went wrong. A
host that cannot be reached is replaced by the next one at once, one that fails by the next call;
nothing else is retried here: whoever asked knows how urgent it is. A call waits for its turn first
(``turns``): the most needed goes, and none while the venue wants none.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from gateway.config import Config
from gateway.layout import Market
from gateway.markets import FACTS, WEIGHT_PER_MINUTE
from gateway.plan import Need
from gateway.rest.budget import is_scarce, pool_key
from gateway.rest.calls import Answer, Call, wants_no_call
from gateway.rest.connecting import connector, reason
from gateway.rest.hosts import Hosts
from gateway.rest.refusal import date_seconds, hold_of, hold_of_ws, used_weight
from gateway.rest.tunnel import TunnelError
from gateway.rest.turns import FILE_NAME, NoTurn, Terms, Turn, Turns
from gateway.rest.weight_log import CALL_SECONDS_MAX, Weights, join
from gateway.rest.ws_api import Leave, NoAnswer, WsApi
from gateway.state import StateFile

_INFO = "exchangeInfo"
_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
PAGE_BYTES_MAX = 4 << 20  # of a book or a page of history; the largest have half a megabyte
_CHUNK_BYTES = 1 << 16
_REFUSALS = (403, 418, 429)
_INFO_PATIENCE_SECONDS = 5.0  # the catalogue asks again by itself, and says what it waits for


class RestClient:
    """One per gateway; made and closed inside a running event loop.

    ``state``: folder of the log of spent weight, which all gateways of a user share; None: its own.
    """

    def __init__(self, config: Config, state: Path | None = None) -> None:
        self._limits = config.rest
        self._endpoints = config.upstream.resolved()
        self._hosts = {m: Hosts(len(self._endpoints.rest[m])) for m in FACTS}
        quiet = config.rest.timeout_seconds
        self._head_s = min(2 * quiet, CALL_SECONDS_MAX)  # to connect, and to begin the answer
        self._turns = self._make_turns(StateFile(state, FILE_NAME, Weights, join))
        # A whole spot exchangeInfo has 15 MB: long in all, but never silent for long.
        timeout = aiohttp.ClientTimeout(total=6 * quiet, sock_connect=quiet, sock_read=quiet)
        self._session = aiohttp.ClientSession(
            connector=connector(config.upstream.proxy, config.upstream.tls_ca_file),
            timeout=timeout,
            headers={"User-Agent": "binance-gateway"},
        )
        # A GET that found its connection closed would be sent once more, and weigh twice.
        self._session._retry_connection = False
        self._sockets: dict[Market, WsApi] = {}
        self._leave: Leave = _at_once

    async def close(self) -> None:
        """Close the connections."""
        for socket in self._sockets.values():
            await socket.close()
        for turns in set(self._turns.values()):
            await turns.close()
        await self._session.close()

    def address(self, market: Market, call: str) -> str:
        """Return the address of ``call`` that is asked first, for messages."""
        return self._urls(market, call)[self._hosts[market].order(time.monotonic())[0]]

    def weights(self) -> dict[str, dict[str, float]]:
        """Return by pool what may be spent a minute, what is spent, ``held_s`` and ``waiting``."""
        found: dict[str, dict[str, float]] = {}
        for market, facts in FACTS.items():
            found.setdefault(facts.weight_pool, self._turns[market].state())
        return found

    def line(self, market: Market) -> int:
        """Return the weight that may be spent a minute, as far as is known."""
        return int(self._turns[market].state()["limit"])

    def spent(self, market: Market) -> int:
        """Return the weight that was spent in the last minute, as far as is known."""
        return int(self._turns[market].state()["spent"])

    def learn(self, market: Market, weight_per_minute: int) -> None:
        """The market's exchangeInfo tells its limit; a lower one than documented is obeyed."""
        self._turns[market].learn(FACTS[market].name, weight_per_minute)

    async def depth(
        self,
        market: Market,
        symbol: str,
        levels: int,
        variant: str = "",
        need: Need = Need.COLD,
        least: int = 0,
    ) -> Answer:
        """Fetch the order book of ``symbol`` with at least ``levels`` a side where there are.

        ``variant`` RPI: the book with retail orders in it, of USD-M alone. ``least``: levels that
        are asked for instead, where much of the weight is spent; 0: no fewer.
        """
        facts = FACTS[market].depth_call(levels, variant)
        if least and is_scarce(facts.weight, self.spent(market), self.line(market)):
            facts = FACTS[market].depth_call(least, variant)
        query = {"symbol": symbol, "limit": str(facts.limit)}
        subject = f"{FACTS[market].name} {facts.name} {symbol}"
        return await self.call(
            Call(market, facts.name, query, facts.weight, need, subject, limit=facts.limit)
        )

    async def exchange_info(self, market: Market) -> Answer:
        """Fetch exchangeInfo with all symbols of ``market``."""
        weight = FACTS[market].exchange_info_weight
        patience_s = _INFO_PATIENCE_SECONDS
        return await self.call(Call(market, _INFO, {}, weight, Need.LOST, patience_s=patience_s))

    async def call(self, call: Call) -> Answer:
        """Make any call, when it is its turn."""
        turns, socket = self._turns[call.market], await self._socket_of(call)
        try:
            turn = await turns.turn(call.weight, call.need, call.subject, call.patience_s)
        except NoTurn as exc:
            return Answer(0, error=str(exc))
        try:
            if socket is not None:
                return await self._ask_socket(socket, call, turn)
            return await self._ask(call, turn)
        finally:
            turn.close()

    def use_ws_api(self, leave: Leave) -> None:
        """Ask for books over the WebSocket API from now on, where the venue has one.

        ``leave`` answers how long no connection to a host may be attempted; 0: it is counted.
        """
        self._leave = leave
        for market, url in self._endpoints.ws_api.items():
            name, bytes_max = FACTS[market].name, min(self._limits.body_bytes_max, PAGE_BYTES_MAX)
            self._sockets[market] = WsApi(
                name, url, self._session, self._limits.timeout_seconds, bytes_max
            )

    async def _socket_of(self, call: Call) -> WsApi | None:
        socket = self._sockets.get(call.market) if call.name == "depth" else None
        if socket is None:
            return None
        turns, weight = self._turns[call.market], FACTS[call.market].ws_api_weight

        async def pay() -> bool:
            """Spend the weight of a connection."""
            try:
                turn = await turns.turn(weight, call.need, patience_s=_INFO_PATIENCE_SECONDS)
            except NoTurn:
                return False
            turn.sent()
            turn.close()
            return True

        def refused(exc: aiohttp.WSServerHandshakeError) -> None:
            hold = hold_of(
                exc.status, exc.headers or {}, b"", time.time(), turns.before, random.random()
            )
            if hold is not None:
                turns.hold(hold)

        return socket if await socket.is_ready(self._leave, pay, refused) else None

    async def _ask_socket(self, socket: WsApi, call: Call, turn: Turn) -> Answer:
        turn.sent()
        try:
            found = await socket.depth(call.query)
        except NoAnswer as exc:
            return Answer(0, error=f"ws-api: {exc}")
        turn.answered(found.used)
        turns = self._turns[call.market]
        if found.is_unsupported:
            socket.unsupported()
        hold = hold_of_ws(found.status, found.whole, time.time(), turns.before, random.random())
        if hold is not None:
            turns.hold(hold)
            return Answer(hold.status, error=wants_no_call(hold))
        return Answer(found.status, found.body, limit=call.limit)

    def _make_turns(self, file: StateFile[Weights]) -> dict[Market, Turns]:
        """Markets that share a pool at one venue share one queue."""
        by_key: dict[str, Turns] = {}
        for market, facts in FACTS.items():
            pool = facts.weight_pool
            key = pool_key(pool, self._endpoints.rest[market][0])
            limit, reserve = WEIGHT_PER_MINUTE[pool], self._limits.weight_reserve
            terms = Terms(pool, key, limit, reserve, self._head_s + 1.0, self._limits.queue_max)
            by_key.setdefault(key, Turns(file, terms))
        return {
            market: by_key[pool_key(facts.weight_pool, self._endpoints.rest[market][0])]
            for market, facts in FACTS.items()
        }

    def _urls(self, market: Market, call: str) -> tuple[str, ...]:
        return self._endpoints.rest_urls(market, call)

    async def _ask(self, call: Call, turn: Turn) -> Answer:
        """Ask the hosts in turn until one can be reached."""
        hosts, urls = self._hosts[call.market], self._urls(call.market, call.name)
        failed: list[str] = []
        for host in hosts.order(time.monotonic()):
            try:
                answer = await self._request(urls[host], call, turn)
            except TunnelError as exc:
                turn.not_sent()
                return Answer(0, error=str(exc))  # another host would be behind the same proxy
            except TimeoutError:
                answer = Answer(0, error=f"no answer within {self._limits.timeout_seconds:g} s")
            except aiohttp.ClientConnectorError as exc:
                turn.not_sent()
                hosts.failed(host, time.monotonic())
                failed.append(f"{_host(urls[host])}: {reason(exc)}")
                continue
            except (aiohttp.ClientError, OSError) as exc:
                answer = Answer(0, error=reason(exc))
            if answer.status == 0 or answer.status >= 500 or answer.status == 403:
                hosts.failed(host, time.monotonic())
            return _with_hosts(answer, _host(urls[host]), failed)
        return Answer(0, error="; ".join(failed))

    async def _request(self, url: str, call: Call, turn: Turn) -> Answer:
        turn.sent()
        async with asyncio.timeout(max(0.0, turn.until - time.monotonic())) as bound:
            async with self._session.get(url, params=call.query, allow_redirects=False) as response:
                bound.reschedule(None)  # the answer has begun: what is left has its own limits
                turn.answered(used_weight(response.headers.get(_USED_WEIGHT, "")))
                if response.status in _REFUSALS:
                    return await self._refused(response, call)
                return await self._read(response, call)

    async def _refused(self, response: aiohttp.ClientResponse, call: Call) -> Answer:
        """Stay away for as long as the answer wants, whatever becomes of its text."""
        turns, status, headers = self._turns[call.market], response.status, response.headers
        before, jitter = turns.before, random.random()
        answer = Answer(status)
        if headers.get("Retry-After") is None or status == 403:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                answer = await self._read(response, call)
        hold = hold_of(status, headers, answer.body, time.time(), before, jitter)
        if hold is None:
            return answer
        turns.hold(hold)
        return Answer(hold.status, error=wants_no_call(hold))

    async def _read(self, response: aiohttp.ClientResponse, call: Call) -> Answer:
        wall = date_seconds(response.headers.get("Date")) or 0.0
        most = self._limits.body_bytes_max
        # Shards get these whole, several at once: their channel has a limit.
        most = most if call.name == _INFO else min(most, PAGE_BYTES_MAX)
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > most:
                return Answer(0, error=f"the answer is longer than {most} bytes")
        return Answer(response.status, bytes(body), limit=call.limit, wall=wall)


async def _at_once(_: str) -> float:
    return 0.0


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _with_hosts(answer: Answer, host: str, failed: Sequence[str]) -> Answer:
    """Name the hosts that were tried, where it came to nothing."""
    if answer.status or not answer.error:
        return answer
    return Answer(0, error="; ".join([*failed, f"{host}: {answer.error}"]))
