"""The listener: makes a Connection of each handshake that names an endpoint and is let in."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final
from weakref import WeakSet

from picows import (
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from gateway.errors import PortTaken
from gateway.simulator import ws_api
from gateway.simulator.api_connection import ApiConnection, ApiDesk
from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct, Violation
from gateway.simulator.connection import GOING_AWAY, Connection, Shared
from gateway.simulator.handshake import Door, Refusal
from gateway.simulator.hub import Hub
from gateway.simulator.message_rate import Standstill
from gateway.simulator.names import Market
from gateway.simulator.paths import Refused, parse_target
from gateway.simulator.rules import Rules

Accepted = Connection | ApiConnection | WSUpgradeResponseWithListener
TICK_S: Final = 0.05  # to notice that the loop stood still


class StreamServer:
    """One listening address for all markets. Connections are numbered from 1."""

    def __init__(self, hub: Hub, clock: Clock, rules: Rules, conduct: Conduct) -> None:
        self.doors = {market: Door(rules.attempts, rules.offences) for market in Market}
        self.lags: dict[Market, float] = dict.fromkeys(Market, 0.0)  # of connections to come
        self.refused: Counter[str] = Counter()  # handshakes to no endpoint
        self._hub = hub
        self._clock = clock
        self._conduct = conduct
        self._standstill = Standstill(TICK_S, clock.monotonic())
        self._shared = Shared(hub, clock, rules, conduct, self._standstill, self.doors)
        self._server: asyncio.Server | None = None
        self._address = ("", 0)
        self._desks: Mapping[Market, ApiDesk] = {}
        self._tick_timer: asyncio.TimerHandle | None = None
        self._made = 0
        self._all: WeakSet[Connection | ApiConnection] = WeakSet()

    @property
    def connections(self) -> list[Connection]:
        """Return the open connections in the order of their numbers, but for those that close."""
        open_now = (outlet for outlet in self._hub.outlets if isinstance(outlet, Connection))
        return sorted(open_now, key=lambda connection: connection.number)

    @property
    def is_listening(self) -> bool:
        """Say whether TCP connections are taken."""
        return self._server is not None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port, which matters when 0 was asked for.

        Raises PortTaken.
        """
        self._address = (host, port)
        await self.listen()
        self._tick()
        return self._address[1]

    async def listen(self) -> None:
        """Take TCP connections, again after ``deafen``. Raises PortTaken."""
        if self._server is not None:
            return
        host, port = self._address
        try:
            # picows would answer pings unseen, and pings count as messages
            self._server = await ws_create_server(self._accept, host, port, enable_auto_pong=False)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from exc
            raise
        self._address = (host, int(self._server.sockets[0].getsockname()[1]))

    def deafen(self) -> None:
        """Take no TCP connections; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _tick(self) -> None:
        self._standstill.tick(self._clock.monotonic())
        self._tick_timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def serve_api(self, desks: Iterable[ApiDesk]) -> None:
        """Answer the WebSocket API of these markets too."""
        self._desks = {desk.market: desk for desk in desks}

    def _accept(self, request: WSUpgradeRequest) -> Accepted:
        path = request.path.decode(errors="replace")
        market = ws_api.PATHS.get(path.partition("?")[0])
        if market is not None and market in self._desks:
            return self._accept_api(self._desks[market])
        target = parse_target(path)
        if isinstance(target, Refused):
            self.refused[str(target.status)] += 1
            return _refuse(Refusal(target.status, target.body))
        refusal = self._knock(target.market)
        if refusal is not None:
            return _refuse(refusal)
        self._made += 1
        connection = Connection(self._shared, self._made, target, self.lags[target.market])
        self._all.add(connection)
        return connection

    def _accept_api(self, desk: ApiDesk) -> Accepted:
        refusal = self._knock(desk.market)
        if refusal is not None:
            return _refuse(refusal)
        connection = ApiConnection(desk, self.lags[desk.market])
        self._all.add(connection)
        return connection

    def _knock(self, market: Market) -> Refusal | None:
        door = self.doors[market]
        refusal = door.knock(self._clock.monotonic())
        if door.is_overrun:
            self._conduct.violations[Violation.ATTEMPTS] += 1
        return refusal

    def refusals(self) -> dict[str, int]:
        """Return the handshakes refused so far by HTTP status."""
        counts: Counter[str] = Counter(self.refused)
        for door in self.doors.values():
            counts.update({str(status): count for status, count in door.refused.items()})
        return dict(sorted(counts.items()))

    def handshakes(self) -> list[dict[str, Any]]:
        """Return the newest handshakes in order: market, HTTP status, and how long ago."""
        now = self._clock.monotonic()
        found = [
            {"market": str(market), "status": status, "age_s": round(now - at, 3)}
            for market, door in self.doors.items()
            for at, status in door.answered
        ]
        return sorted(found, key=lambda handshake: -handshake["age_s"])

    def offences(self) -> dict[str, int]:
        """Return the connections closed for their message rate, by market."""
        return {str(market): door.offended for market, door in self.doors.items()}

    async def stop(self) -> None:
        """Close all sockets and the listener."""
        self.deafen()
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        for connection in list(self._all):
            connection.close(GOING_AWAY, "the simulator ends")
        for _ in range(20):
            if not any(connection.is_open for connection in self._all):
                return
            await asyncio.sleep(0.01)
        _abort(self._all)
        await asyncio.sleep(0)


def _abort(connections: Iterable[Connection | ApiConnection]) -> None:
    for connection in list(connections):
        connection.abort()


def _refuse(refusal: Refusal) -> WSUpgradeResponseWithListener:
    headers = {"Content-Type": "application/json"}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    response = WSUpgradeResponse.create_error_response(refusal.status, refusal.body, headers)
    return WSUpgradeResponseWithListener(response, None)
