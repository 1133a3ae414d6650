"""The control room: what tests see and order in a running simulator.

Python callers use ``status``, ``book`` and ``obey``; over HTTP it is ``control_routes``. The orders
are the structs of ``orders``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gateway.simulator.conduct import Conduct
from gateway.simulator.connection import Connection
from gateway.simulator.eras import NoLowerIds
from gateway.simulator.fault_plan import FaultPlan
from gateway.simulator.fault_state import FaultState
from gateway.simulator.faults import Drops
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market, parse_symbol_id
from gateway.simulator.orders import (
    Delist,
    Disconnect,
    Drop,
    Halt,
    Hold,
    Kill,
    Lag,
    ListSymbol,
    Order,
    Pause,
    Refuse,
    RestartIds,
    Resume,
    SetFaults,
    SetRules,
    Shutdown,
    Silence,
    Slow,
)
from gateway.simulator.rules import Pool
from gateway.simulator.server import StreamServer
from gateway.simulator.source import NoSuchSymbol, Registry, Renumbering, Source
from gateway.simulator.truth import TrueBook
from gateway.simulator.weight import WeightPool

Done = dict[str, Any]


class NoSuchThing(LookupError):
    """The order names a connection or a stream that is not there."""


class CannotDo(Exception):
    """This simulator's source cannot do what is ordered."""


class ControlRoom:
    """Carries orders out. Each returns what became of it."""

    def __init__(
        self,
        source: Source,
        hub: Hub,
        server: StreamServer,
        drops: Drops,
        conduct: Conduct,
        pools: Mapping[Pool, WeightPool],
        faults: FaultState | None = None,
    ) -> None:
        self.on_faults: Callable[[FaultPlan], Awaitable[None]] = _nobody
        self._source = source
        self._hub = hub
        self._server = server
        self._drops = drops
        self._conduct = conduct
        self._pools = pools
        self._faults = faults or FaultState()
        self._duties: dict[type[Order], Callable[[Any], Done]] = {
            Pause: self._pause,
            Resume: self._resume,
            Drop: self._drop,
            Silence: self._silence,
            Lag: self._lag,
            Hold: self._hold,
            Slow: self._slow,
            Kill: self._kill,
            Disconnect: self._disconnect,
            Shutdown: self._shutdown,
            SetRules: self._set_rules,
            ListSymbol: self._list,
            Halt: self._halt,
            Delist: self._delist,
            RestartIds: self._restart_ids,
        }

    def status(self) -> dict[str, Any]:
        """Return what the simulator did: ``streams`` counts frames, one for each socket's copy."""
        sent, dropped = self._hub.sent, self._drops.dropped
        body = self._source.status()
        body["streams"] = {
            key: {"sent": sent[key], "dropped": dropped[key]}
            for key in sorted(sent.keys() | dropped.keys())
        }
        body["connections"] = [connection.describe() for connection in self._server.connections]
        body["subscriptions"] = sorted(self._hub.keys)
        body["listening"] = self._server.is_listening
        body["refused"] = self._server.refusals()
        body["handshakes"] = self._server.handshakes()
        body["offences"] = self._server.offences()
        body["weight_refused"] = {str(name): pool.refused for name, pool in self._pools.items()}
        body["weight_heaviest"] = {str(name): pool.heaviest for name, pool in self._pools.items()}
        body["faults"] = self._faults.status()
        return {**body, **self._conduct.status()}

    def book(self, market: Market, symbol: str, update_id: int | None = None) -> TrueBook:
        """Return the true book at an update id, or now.

        Raises NoSuchSymbol, NoSnapshot, UnknownUpdateId.
        """
        return self._source.book_at(market, symbol, update_id)

    async def obey(self, order: Order) -> Done:
        """Carry an order out.

        Raises NoSuchThing, NoSuchSymbol, CannotDo, PortTaken.
        """
        if isinstance(order, Refuse):
            return await self._refuse(order)
        if isinstance(order, SetFaults):
            await self.on_faults(order.applied_to(self._faults.plan))
            return {}
        return self._duties[type(order)](order)

    def _choose(
        self, market: Market | None, connection: int | None, stream: str | None = None
    ) -> list[Connection]:
        chosen = [
            candidate
            for candidate in self._server.connections
            if market in (None, candidate.market) and connection in (None, candidate.number)
        ]
        if connection is not None and not chosen:
            raise NoSuchThing(f"no connection {connection} is open; see /sim/status")
        if stream is not None:
            subscribed = self._hub.subscribers(stream)
            chosen = [candidate for candidate in chosen if candidate in subscribed]
        return chosen

    def _pause(self, order: Pause) -> Done:
        self._source.pause()
        return {}

    def _resume(self, order: Resume) -> Done:
        self._source.resume()
        return {}

    def _drop(self, order: Drop) -> Done:
        try:
            self._source.arm_drop(order.stream, order.count)
        except NoSuchSymbol:
            raise NoSuchThing(f"nothing is sent as {order.stream}") from None
        return {}

    def _silence(self, order: Silence) -> Done:
        chosen = self._choose(None, order.connection)
        if order.on:
            self._hub.silence(order.stream, chosen, order.sticky)
        else:
            self._hub.unsilence(order.stream, chosen)
        return {"connections": len(chosen)}

    def _lag(self, order: Lag) -> Done:
        chosen = self._choose(order.market, order.connection)
        for connection in chosen:
            connection.set_lag(order.seconds)
        if order.connection is None:
            markets = list(Market) if order.market is None else [order.market]
            self._server.lags.update(dict.fromkeys(markets, order.seconds))
        return {"connections": len(chosen)}

    def _hold(self, order: Hold) -> Done:
        chosen = self._choose(order.market, order.connection, order.stream)
        for connection in chosen:
            connection.hold(order.on)
        return {"connections": len(chosen)}

    def _slow(self, order: Slow) -> Done:
        chosen = self._choose(order.market, order.connection, order.stream)
        for connection in chosen:
            connection.set_width(order.bytes_per_s if order.on else None)
        return {"connections": len(chosen)}

    def _kill(self, order: Kill) -> Done:
        chosen = self._choose(order.market, order.connection, order.stream)
        for connection in chosen:
            connection.kill()
        return {"killed": len(chosen)}

    def _disconnect(self, order: Disconnect) -> Done:
        chosen = self._choose(order.market, order.connection, order.stream)
        for connection in chosen:
            connection.close(order.code, "disconnected by the control room")
        return {"closed": len(chosen)}

    def _shutdown(self, order: Shutdown) -> Done:
        chosen = self._choose(order.market, order.connection, order.stream)
        for connection in chosen:
            connection.announce_shutdown()
        return {"connections": len(chosen)}

    async def _refuse(self, order: Refuse) -> Done:
        if order.on and order.status == "tcp":
            self._server.deafen()
            return {}
        if not order.on:
            await self._server.listen()
        for market, door in self._server.doors.items():
            if order.market in (None, market):
                status = order.status if order.on and isinstance(order.status, int) else None
                door.order(status, order.count, order.retry_after)
        return {}

    def _set_rules(self, order: SetRules) -> Done:
        for door in self._server.doors.values():
            if order.attempts is not None:
                door.attempts = order.attempts
            if order.offences is not None:
                door.offences = order.offences
            door.pardon()
        for name, limit in (order.weight or {}).items():
            self._pools[name].limit = limit
        return {}

    def _registry(self) -> Registry:
        if not isinstance(self._source, Registry):
            raise CannotDo("instruments come and go in the generated market only")
        return self._source

    def _list(self, order: ListSymbol) -> Done:
        self._registry().list_symbol(*parse_symbol_id(order.symbol))
        return {}

    def _halt(self, order: Halt) -> Done:
        self._registry().halt(*parse_symbol_id(order.symbol), order.on)
        return {}

    def _delist(self, order: Delist) -> Done:
        self._registry().delist(*parse_symbol_id(order.symbol))
        return {}

    def _restart_ids(self, order: RestartIds) -> Done:
        if not isinstance(self._source, Renumbering):
            raise CannotDo("ids begin anew in the generated market only")
        try:
            self._source.restart_ids(*parse_symbol_id(order.symbol))
        except NoLowerIds as exc:
            raise CannotDo(str(exc)) from exc
        return {}


async def _nobody(plan: FaultPlan) -> None:
    raise CannotDo("nobody carries faults out here")
