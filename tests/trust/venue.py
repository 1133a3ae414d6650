"""A simulated Binance in simulated time: the market, its sockets, and what goes wrong with them.

The market (``gateway.simulator``'s ``Exchange``) is pure; what a socket does with a frame is its
``FaultyWire``. Everything else that a venue does stands here: latency, order, handshakes, acks,
pings, cut and half-open connections, and episodes of trouble.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import orjson

from gateway.shard.refusal import Ending
from gateway.simulator.damage import damage_payload
from gateway.simulator.exchange import Exchange
from gateway.simulator.fault_counts import FaultCounts
from gateway.simulator.fault_plan import Damage, Episode, FaultPlan, fits
from gateway.simulator.fault_wire import FaultyWire, Hurt
from gateway.simulator.faults import Faults
from gateway.simulator.names import Market
from tests.trust.clock import SimulatedLoop, SimulatedTime
from tests.trust.history import History

HANDSHAKE_S = 0.03
STEP_S = 1e-8  # between two frames of a socket: timers of one moment come in any order


class Socket:
    """One WebSocket, as the venue has it; it carries bytes in order, both ways."""

    def __init__(self, venue: Venue, number: int, market: Market, latency_s: float) -> None:
        self.venue = venue
        self.number = number
        self.market = market
        self.latency_s = latency_s
        self.wires: dict[str, FaultyWire | None] = {}  # None: no fault concerns the stream
        self.is_open = True
        self.is_held = False  # half open
        self.bytes_per_s = 0
        self.on_frame: Callable[[bytes], None] = print
        self.on_pong: Callable[[bytes], None] = print
        self.on_closed: Callable[[], None] = print
        self._arrives = 0.0
        self._held: list[tuple[Callable[[bytes], None], bytes]] = []

    def send(self, take: Callable[[bytes], None], data: bytes) -> None:
        """Put a message on its way to the gateway; one that was sent later arrives later."""
        if not self.is_open:
            return
        if self.is_held:
            self._held.append((take, data))
            return
        loop, jitter = self.venue.loop, self.venue.random.random()
        late = len(data) / self.bytes_per_s if self.bytes_per_s else 0.0
        wanted = loop.time() + self.latency_s * (0.5 + jitter)
        self._arrives = max(self._arrives + STEP_S, wanted) + late
        loop.call_at(self._arrives, self._arrive, take, data)

    def _arrive(self, take: Callable[[bytes], None], data: bytes) -> None:
        if self.is_open:
            take(data)

    def hold(self, is_held: bool) -> None:
        """Leave the connection half open, or let it go on with all that waited."""
        self.is_held = is_held
        held, self._held = self._held, []
        if not is_held:
            for take, data in held:
                self.send(take, data)

    def receive(self, data: bytes) -> None:
        """A text message of the gateway: SUBSCRIBE or UNSUBSCRIBE."""
        request = orjson.loads(data)
        for name in request["params"]:
            key = f"{self.market}:{name}"
            if request["method"] == "SUBSCRIBE":
                self.wires[key] = self.venue.wire(self, key)
            else:
                self.wires.pop(key, None)
        self.send(self.on_frame, orjson.dumps({"result": None, "id": request["id"]}))

    def receive_ping(self, payload: bytes) -> None:
        self.send(self.on_pong, payload)

    def publish(self, key: str, frame: bytes, now: float) -> None:
        wire = self.wires.get(key, self)
        if wire is self:
            return
        if wire is None:
            self.send(self.on_frame, frame)
            return
        for leaving in wire.feed(frame, now):
            self.send(self.on_frame, leaving)
        if (due := wire.due_at()) is not None:
            self.venue.loop.call_at(due, self._late, wire)

    def _late(self, wire: FaultyWire) -> None:
        for frame in wire.take(self.venue.loop.time()):
            self.send(self.on_frame, frame)

    def close(self) -> None:
        """Cut it; what is on its way is lost."""
        if self.is_open:
            self.is_open = False
            self.venue.sockets.remove(self)
            self.venue.loop.call_soon(self.on_closed)


class Venue:
    """All markets, and what befalls them."""

    def __init__(
        self,
        loop: SimulatedLoop,
        clock: SimulatedTime,
        symbols: list[tuple[Market, str]],
        keys: list[str],
        plan: FaultPlan,
        rate: float,
        decimals: dict[str, tuple[int, int]],
    ) -> None:
        """``keys``: the streams that the market makes; ``decimals`` of an instrument's numbers."""
        self.loop, self.clock, self.plan, self.keys = loop, clock, plan, keys
        self.random = Random(f"{plan.seed}:venue")
        self.faults, self.counts = Faults(plan), FaultCounts()
        self.exchange = Exchange(symbols, plan.seed, rate, clock.real_ns)
        self.history = History(self.exchange.markets, decimals, clock)
        self.exchange.want(keys, clock.real_ns)
        self.sockets: list[Socket] = []
        self.sent: Counter[str] = Counter()  # frames of a stream that a socket was due
        self.is_calm = False
        self._opened = 0
        self.garbled: dict[bytes, str] = {}  # whose a damaged frame was
        self.silent: set[str] = set()
        self.refusing: dict[str, Episode] = {}
        self._offset_ns = clock.real_ns - clock.mono_ns
        self._tick()

    # The market goes on.

    def _tick(self) -> None:
        self.catch_up()
        self.loop.at_ns(self.exchange.due_ns - self._offset_ns, self._tick)

    def catch_up(self) -> None:
        """Let the market do what is due; also while the gateway stands still."""
        now = self.loop.time()
        for key, data in self.exchange.advance(self.clock.real_ns):
            self.history.note(key, data)
            name = key.partition(":")[2].encode()
            self._publish(key, b'{"stream":"%b","data":%b}' % (name, data), now)

    def _publish(self, key: str, frame: bytes, now: float) -> None:
        takers = [socket for socket in self.sockets if key in socket.wires]
        if takers:
            self.sent[key] += 1
        if key in self.silent:
            return
        for socket in takers:
            socket.publish(key, frame, now)

    def wire(self, socket: Socket, key: str) -> FaultyWire | None:
        """What a stream meets on a socket."""
        if not self.faults.concerns(key) or self.is_calm:
            return None
        first = self.sent[key] + 1
        return FaultyWire(
            self.faults, self.counts, key, socket.number, first=first, hurt=self._hurting(key)
        )

    def _hurting(self, key: str) -> Hurt:
        """Damage frames of a stream, and remember whose each was; "": of one of several."""

        def hurt(frame: bytes, how: Damage, roll: int) -> bytes:
            damaged = damage_payload(frame, how, roll)
            self.garbled[damaged] = "" if self.garbled.get(damaged, key) != key else key
            return damaged

        return hurt

    # Connections.

    async def dial(self, url: str) -> Socket | Ending:
        """Answer a handshake."""
        await asyncio.sleep(HANDSHAKE_S * (0.5 + self.random.random()))
        market = next(market for market in Market if f"/{market}" in url)
        refusal = next((e for to, e in self.refusing.items() if fits(str(market), to)), None)
        if refusal is not None:
            header = str(refusal.retry_after or "")
            return Ending("refused", status=int(refusal.status), retry_after=header)
        self._opened += 1
        socket = Socket(self, self._opened, market, self.random.choice((0.001, 0.005, 0.02, 0.06)))
        self.sockets.append(socket)
        return socket

    def calm(self) -> None:
        """Nothing is done to frames from now on; what waited goes out."""
        self.is_calm = True
        self.silent.clear()
        self.refusing.clear()
        for socket in list(self.sockets):
            socket.bytes_per_s = 0
            for key, wire in list(socket.wires.items()):
                socket.wires[key] = None
                for frame in wire.release() if wire else ():
                    socket.send(socket.on_frame, frame)
            socket.hold(False)
