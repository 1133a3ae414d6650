"""The gateway in simulated time: a whole real shard, and the supervisor's real desk.

Replaced are only the ends that touch the operating system: the WebSocket library, the socketpair
between shard and supervisor, ZeroMQ, and aiohttp's session.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import orjson

from gateway import plan as wire
from gateway.channel import ChannelClosed
from gateway.config import Config, override
from gateway.core.engine import Engine, FrameClass
from gateway.instruments import Instrument, read_exchange_info
from gateway.layout import Market as RowMarket
from gateway.markets import BY_NAME
from gateway.planner import Layout
from gateway.rest import client as rest_client
from gateway.shard import link as shard_link
from gateway.shard import worker
from gateway.shard.refusal import Ending
from gateway.simulator.exchange_info import exchange_info
from gateway.simulator.listing import list_symbol
from gateway.simulator.names import Market
from gateway.streams import parse_all
from gateway.supervisor.desk import ShardDesk
from tests.trust.rest import Rest
from tests.trust.venue import Socket, Venue

POOLS = {"spot": "spot", "usdm": "futures", "coinm": "futures"}
CHANNEL_S = 0.0005  # between shard and supervisor


class Watcher:
    """Sees each frame before and after the core does. The checker is one."""

    def before(self, link: int, frame: bytes) -> None: ...

    def after(self, link: int, frame: bytes, found: FrameClass) -> None: ...

    def after_up(self, link: int) -> None: ...

    def after_down(self, link: int, heard_ns: int) -> None: ...

    def snapshot_came(self) -> None: ...


class Listener:
    """In the place of ``engine.FrameListener``, which takes frames from the WebSocket library."""

    watcher = Watcher()
    is_asleep: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, engine: Engine, link: int, handler: Any) -> None:
        self._engine = engine
        self._link = link
        self._handler = handler
        self._heard = 0
        self.now_ns: Callable[[], int] = lambda: 0

    def last_heard(self) -> int:
        return self._heard

    def connected(self, transport: Transport) -> None:
        self._handler.on_connected(transport)
        self.watcher.after_up(self._link)

    def closed(self) -> None:
        self._handler.on_disconnected()
        self.watcher.after_down(self._link, self._heard)

    def frame(self, payload: bytes) -> None:
        self._heard = self.now_ns()
        self.watcher.before(self._link, payload)
        found = self._engine.frame(self._link, payload)
        if found is FrameClass.CONTROL:
            self._handler.on_control(payload)
        elif found is FrameClass.REFUSED:
            self._handler.on_refused(payload)
        self._engine.batch_end()
        self.watcher.after(self._link, payload, found)
        self._handler.on_notices()

    def pong(self, payload: bytes) -> None:
        self._heard = self.now_ns()
        self._handler.on_pong(payload)


class Transport:
    """In the place of picows' transport."""

    close_handshake = None

    def __init__(self, socket: Socket, listener: Listener) -> None:
        self._socket = socket
        self._gone = asyncio.Event()
        self._listener = listener
        socket.on_frame, socket.on_pong = listener.frame, listener.pong
        socket.on_closed = self._closed

    @property
    def is_disconnected(self) -> bool:
        return self._gone.is_set()

    def _closed(self) -> None:
        if not self._gone.is_set():
            self._gone.set()
            self._listener.closed()

    def send(self, _: Any, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._socket.latency_s, self._socket.receive, data)

    def send_ping(self, payload: bytes = b"") -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._socket.latency_s, self._socket.receive_ping, payload)

    def send_close(self, code: Any) -> None: ...

    def disconnect(self, graceful: bool = True) -> None:
        self._socket.close()

    async def wait_disconnected(self) -> None:
        await self._gone.wait()


class Dialling:
    """In the place of ``dial.Dialling``."""

    def __init__(self, venue: Venue, ping_interval_s: float) -> None:
        self._venue = venue
        self.ping_interval_s = ping_interval_s

    async def connect(
        self, url: str, listener: Callable[[], Listener]
    ) -> tuple[Transport, Listener] | Ending:
        socket = await self._venue.dial(url)
        if isinstance(socket, Ending):
            return socket
        made = listener()
        made.now_ns = lambda: self._venue.clock.mono_ns
        transport = Transport(socket, made)
        made.connected(transport)
        return transport, made

    def read_to_end(self, transport: Transport) -> None: ...


class NoPublisher:
    """In the place of the ZeroMQ publisher: nobody listens."""

    poll_seconds = 0.0  # it has nothing to wait for

    def __init__(self, *_: Any) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: None


class Pipe:
    """The shard's end of the channel; what it sends goes to the desk, answers come back."""

    is_closed = False

    def __init__(self, desk: ShardDesk) -> None:
        self._desk = desk
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.notes: list[Any] = []

    def send(self, message: wire.ToSupervisor) -> None:
        if isinstance(message, wire.ConnectRequest):
            self.deliver(wire.ConnectReply(message.request_id, 0.0))
        elif hasattr(message, "request_id"):
            loop = asyncio.get_running_loop()
            loop.call_later(CHANNEL_S, lambda: loop.create_task(self._answer(message)))
        else:
            self.notes.append(message)

    async def _answer(self, message: Any) -> None:
        reply = await self._desk.answer(message)
        if reply is not None:
            self.deliver(reply)

    def deliver(self, message: wire.ToShard) -> None:
        asyncio.get_running_loop().call_later(CHANNEL_S, self._inbox.put_nowait, message)

    async def receive(self) -> Any:
        message = await self._inbox.get()
        if message is None:
            raise ChannelClosed
        if isinstance(message, wire.SnapshotReply):
            Listener.watcher.snapshot_came()
        return message

    def close(self) -> None:
        self.is_closed = True


def instruments_of(
    symbols: list[tuple[Market, str]], now_ms: int
) -> dict[tuple[RowMarket, str], Instrument]:
    """What exchangeInfo lists, read as the gateway reads it."""
    found: dict[tuple[RowMarket, str], Instrument] = {}
    for market in Market:
        listed = [list_symbol(m, symbol).instrument() for m, symbol in symbols if m is market]
        row_market = BY_NAME[str(market)].market
        body = orjson.dumps(exchange_info(market, listed, now_ms, []))
        rows = read_exchange_info(row_market, body)
        found |= {(row_market, name): instrument for name, instrument in rows.items()}
    return found


def plan_of(
    config: Config, instruments: dict[tuple[RowMarket, str], Instrument], run_dir: Path
) -> wire.ShardPlan:
    """The shard's plan as the supervisor makes it."""
    layout = Layout.make(config, parse_all(config.subscribe), instruments, str(run_dir), 1)
    return layout.plans()[0]


def config_of(streams: list[str], **tables: Any) -> Config:
    """A configuration with addresses that lead nowhere."""
    base = msgspec.convert({"subscribe": streams, **tables}, Config)
    return override(base, upstream_ws="ws://127.0.0.1:1", upstream_rest="http://127.0.0.1:1")


class Host:
    """The shard at work. Enter it inside a running loop."""

    def __init__(self, venue: Venue, rest: Rest, config: Config, plan: wire.ShardPlan) -> None:
        self._venue, self._rest, self._config, self.plan = venue, rest, config, plan
        self._undo = contextlib.ExitStack()
        self.shard: worker.Shard
        self.pipe: Pipe

    def __enter__(self) -> Host:
        patch, undo = mock.patch.object, self._undo
        dialling = Dialling(self._venue, self.plan.ping_interval_s)
        undo.enter_context(patch(worker, "Publisher", NoPublisher))
        undo.enter_context(patch(worker, "dialling", lambda plan: dialling))
        undo.enter_context(patch(worker, "POLL_S", 1.0))
        undo.enter_context(patch(shard_link, "FrameListener", Listener))
        undo.enter_context(patch(rest_client.aiohttp, "ClientSession", lambda **_: self._rest))
        undo.enter_context(patch(rest_client, "connector", lambda *_: None))
        client = rest_client.RestClient(self._config)
        for name, facts in BY_NAME.items():
            client.learn(facts.market, self._rest.weights[POOLS[name]].limit)
        self.client = client
        desk = ShardDesk(client, mock.Mock(), mock.Mock(), mock.Mock())
        self.pipe = Pipe(desk)
        self.shard = worker.Shard(self.plan, self.pipe)  # type: ignore[arg-type]
        self._task = asyncio.ensure_future(self.shard.run())
        return self

    async def stop(self) -> None:
        """End the shard as the supervisor would; raises what it failed with."""
        self.pipe._inbox.put_nowait(wire.Stop())
        await self._task
        await self.client.close()

    def check(self) -> None:
        """Raise what the shard failed with, if it did."""
        if self._task.done():
            self._task.result()

    def __exit__(self, *_: object) -> None:
        self._undo.close()


@contextlib.contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    with mock.patch.object(Listener, "watcher", watcher):
        yield
