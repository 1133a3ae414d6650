"""A whole shard in the test's own process, with the test as its supervisor."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zmq

from gateway import plan as wire
from gateway.channel import Channel, ChannelClosed
from gateway.layout import (
    CONNECTION,
    COUNTERS,
    STREAM,
    Kind,
    Market,
    RowState,
    Shape,
    Status,
    Struct,
)
from gateway.plan import PlanConnection, PlanStream, PlanSymbol, ShardPlan
from gateway.shard.worker import Shard
from tests.waiting import until

M = TypeVar("M", bound=msgspec.Struct)

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
SUFFIXES = {
    "trade": Kind.TRADE,
    "bookTicker": Kind.QUOTE,
    "ticker": Kind.TICKER,
    "depth@100ms": Kind.DIFF,
}


def symbol(name: str) -> PlanSymbol:
    return PlanSymbol(Market.SPOT, name, -2, -5, tick=1, step=1)


def stream(name: str, index: int, connection: int = 0, **more: Any) -> PlanStream:
    """A stream by its name as the venue has it: ausdt@trade, of the symbol with this index."""
    kind = SUFFIXES[name.partition("@")[2]]
    return PlanStream(f"spot:{name}", kind, index, connection, **more)


def array(name: str, kind: Kind, rows: tuple[int, ...], **more: Any) -> PlanStream:
    split = name.partition("@")[0].removeprefix("!")
    return PlanStream(
        f"spot:{name}", kind, wire.NONE, 0, shape=Shape.ARRAY, rows=rows, split=split, **more
    )


def plan_of(
    run_dir: Path, urls: tuple[str, ...], streams: list[PlanStream], **more: Any
) -> ShardPlan:
    """A plan with one connection; ``more`` may be of the connection or of the plan."""
    fields = {name: more.pop(name) for name in ("redundancy", "rotate_after_s") if name in more}
    fields = {"control_per_second": more.pop("control_per_second", 1000), **fields}
    connection = PlanConnection("spot/public/0", Market.SPOT, urls, **fields)
    symbols = [symbol(name) for name in SYMBOLS]
    sizes = {"events_ring_bytes": 1 << 20, "raw_ring_bytes": 1 << 20, "stream_capacity": 64}
    small = {**sizes, "symbol_capacity": 16, "value_capacity": 16, "connection_capacity": 8}
    return ShardPlan(0, 1, 1, str(run_dir), symbols, [connection], streams, **{**small, **more})


class Running:
    """A shard at work. Gives every handshake its permit, and keeps what the shard says."""

    def __init__(self, plan: ShardPlan) -> None:
        ours, theirs = socket.socketpair()
        self.plan = plan
        self.channel: Channel[Any] = Channel(ours, wire.ToSupervisor)
        self.heard: list[Any] = []
        self.answer: Callable[[Any], msgspec.Struct | None] = lambda message: None
        self.permits = True
        self.shard = Shard(plan, Channel(theirs, wire.ToShard))
        self._context = zmq.Context()
        self.subscriber = self._context.socket(zmq.SUB)
        self.subscriber.set(zmq.RCVHWM, 0)
        for name in ("shard-0.pub", "shard-0.arrays.pub"):
            self.subscriber.connect(f"ipc://{plan.run_dir}/{name}")
        self.task = asyncio.ensure_future(self.shard.run())
        self._listening = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                message = await self.channel.receive()
            except ChannelClosed:
                return
            self.heard.append(message)
            reply = self.answer(message)
            if reply is None and self.permits and isinstance(message, wire.ConnectRequest):
                reply = wire.ConnectReply(message.request_id, 0.0)
            if reply is not None:
                self.channel.send(reply)

    def of(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard if isinstance(message, kind)]

    async def change(self, change: wire.PlanChange) -> dict[str, str]:
        """Send a change and wait until it is in force."""
        self.channel.send(change)

        def done() -> list[wire.Changed]:
            return [m for m in self.of(wire.Changed) if m.change_id == change.change_id]

        await until(done)
        return done()[0].refused

    async def subscribe(self, prefix: bytes, shard_socket: str = "main") -> None:
        """Subscribe at the shard's sockets, and wait until it has heard of it."""
        self.subscriber.subscribe(prefix)
        publisher = self.shard._publisher
        await until(lambda: prefix in publisher._main.topics.prefixes)
        await until(lambda: prefix in publisher._arrays.topics.prefixes)

    def messages(self) -> list[tuple[str, int, str, bytes]]:
        """What the subscriber got since the last call: topic, sequence, flags, body (JSON only)."""
        found = []
        while True:
            try:
                message = self.subscriber.recv(zmq.DONTWAIT)
            except zmq.Again:
                return found
            topic, _, sequence, _, flags, body = message.split(b" ", 5)
            found.append((topic.decode(), int(sequence), flags.decode(), body))

    def counter(self, name: str) -> int:
        return self._word("counters", COUNTERS, name, 0, "<Q")

    def stream_status(self, name: str) -> Status:
        """Of a stream or of the stream of an array's rows: spot:ausdt@trade."""
        return Status(self._word("streams", STREAM, "status", self.stream_row(name), "<B"))

    def link_state(self, row: int) -> RowState:
        """Of a connection's first (0) or second (1) link."""
        return RowState(self._word("connections", CONNECTION, "state", row, "<I"))

    def stream_row(self, name: str) -> int:
        segment = self.shard._segment
        section, at = segment.sections["streams"], STREAM.offsets()["name"]
        for row in range(section.capacity):
            start = section.offset + row * section.stride + at
            if segment.memory[start : start + 64].rstrip(b"\0").decode() == name:
                return row
        raise KeyError(name)

    def _word(self, section: str, struct_: Struct, field: str, row: int, code: str) -> int:
        segment = self.shard._segment
        at = segment.sections[section].offset + row * segment.sections[section].stride
        found = struct.unpack_from(code, segment.memory, at + struct_.offsets()[field])[0]
        return int(found)

    async def stop(self) -> None:
        """Stop it as the supervisor does, and take everything down."""
        if not self.task.done():
            self.channel.send(wire.Stop())
        await asyncio.wait((self.task,), timeout=10)
        self._listening.cancel()
        self.subscriber.close(0)
        self._context.term()
        self.channel.close()
        self.task.result()
