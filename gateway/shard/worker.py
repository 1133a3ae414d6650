"""One shard at work: the segment, and the core wired to connections, publisher and supervisor.

The only module that joins the others. Everything runs on one loop in one thread; the process ends
with 0 after Stop, SIGTERM or the end of the channel, and with 70 when it broke its own word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import ssl
import time
from pathlib import Path

import orjson

from gateway import plan as wire
from gateway import segment_file
from gateway.channel import Channel, ChannelClosed
from gateway.core.engine import NO_ROW, Engine, NoticeCode, SnapshotResult, wake
from gateway.errors import GatewayError
from gateway.layout import Kind
from gateway.rundir import FileLock
from gateway.shard.connection import Connection
from gateway.shard.notices import NoticeLog
from gateway.shard.precision import needed_exponents, widened
from gateway.shard.publisher import POLL_S, Publisher
from gateway.shard.resync import Resync

log = logging.getLogger("gateway.shard")

REFUSED_KEPT = 64  # frames kept until the notices of their batch are read
CLOSE_S = 1.0


class Shard:
    """A shard from its plan to its end. Implements ``connection.Owner``."""

    def __init__(self, plan: wire.ShardPlan, channel: Channel[wire.ToShard]) -> None:
        self._plan = plan
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        path = Path(plan.run_dir) / f"shard-{plan.shard_id}.seg"
        self._lock = FileLock.acquire(path.with_suffix(".lock"))
        self._segment = segment_file.create(path, plan=plan)
        self._engine = Engine(self._segment.memory, plan.book_levels_max)
        self._engine.heartbeat()  # sets its clocks, before the first records are written
        self._publisher = Publisher(self._engine, path.with_suffix(".pub"), plan.zmq_hwm)
        self._symbols: list[wire.PlanSymbol] = []  # by row
        self._streams: list[str] = []  # by row
        self._stream_symbols: dict[str, int] = {}  # stream name -> symbol row
        self._books: dict[int, set[int]] = {}  # connection row -> symbol rows with a book
        self._resync = Resync()
        self._refused: list[tuple[int, bytes]] = []
        self._needed: dict[int, tuple[int, int]] = {}  # symbol row -> exponents asked for
        self._notice_log = NoticeLog(self._symbol_name, self._streams.__getitem__)
        self._connections = self._fill()

    def _symbol_name(self, row: int) -> str:
        symbol = self._symbols[row]
        return f"{symbol.market.name.lower()}:{symbol.symbol}"

    def _fill(self) -> list[Connection]:
        """Rows for everything in the plan, in its order: row numbers are the plan's indices."""
        for symbol in self._plan.symbols:
            self._add_symbol(symbol, self._engine.add_symbol(symbol))
        for number, planned in enumerate(self._plan.connections):
            check_row(self._engine.add_connection(planned.name, planned.market), planned.name)
            self._books[number] = set()
        for stream in self._plan.streams:
            self._add_stream(stream)
        names: list[list[str]] = [[] for _ in self._plan.connections]
        for stream in self._plan.streams:
            names[stream.connection].append(stream.name.partition(":")[2])
        return [
            Connection(self._engine, row, planned, names[row], self)
            for row, planned in enumerate(self._plan.connections)
        ]

    def _add_symbol(self, symbol: wire.PlanSymbol, row: int) -> None:
        check_row(row, symbol.symbol)
        self._symbols.append(symbol)
        self._publisher.add_symbol(row, self._symbol_name(row))

    def _add_stream(self, stream: wire.PlanStream) -> None:
        row = self._engine.add_stream(
            stream.name, stream.kind, stream.symbol, stream.connection, stream.levels
        )
        check_row(row, stream.name)
        self._streams.append(stream.name)
        self._stream_symbols[stream.name] = stream.symbol
        self._publisher.add_stream(row, stream.name)
        if stream.kind is Kind.DIFF:
            self._books[stream.connection].add(stream.symbol)

    async def run(self) -> None:
        """Serve until told to stop."""
        stop = asyncio.Event()
        self._loop.add_signal_handler(signal.SIGTERM, stop.set)
        self._loop.add_signal_handler(signal.SIGINT, lambda: None)  # the supervisor decides
        self._engine.heartbeat()
        self._segment.publish(wake)
        tasks = [asyncio.ensure_future(self._listen(stop)), asyncio.ensure_future(self._beat())]
        tasks.append(asyncio.ensure_future(self._poll()))
        tls = make_tls(self._plan.tls_ca_file)
        tasks.extend(asyncio.ensure_future(connection.run(tls)) for connection in self._connections)
        ready = wire.Ready(self._plan.shard_id, os.getpid(), self._segment.generation)
        self._channel.send(ready)
        stopped = asyncio.ensure_future(stop.wait())
        try:
            # A task that ends before the stop has failed: its error is this process' end.
            await asyncio.wait((stopped, *tasks), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            await self._close(tasks)

    async def _close(self, tasks: list[asyncio.Task[None]]) -> None:
        """Say CLOSED, then take everything down and remove the files."""
        self._segment.close_and_unlink()
        for connection in self._connections:
            connection.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CLOSE_S)
        await asyncio.sleep(0)  # the transports report their end in the next turn
        self._publisher.close()
        self._engine.close()
        self._channel.close()
        self._lock.release()

    async def _beat(self) -> None:
        while True:
            self._engine.heartbeat()
            self.on_notices()
            self._ask_due()
            await asyncio.sleep(self._plan.heartbeat_interval_ms / 1000)

    async def _poll(self) -> None:
        while True:
            self._publisher.poll()
            await asyncio.sleep(POLL_S)

    # The supervisor

    async def _listen(self, stop: asyncio.Event) -> None:
        with contextlib.suppress(ChannelClosed):
            while not stop.is_set():
                message = await self._channel.receive()
                match message:
                    case wire.SnapshotReply():
                        self._on_snapshot(message)
                    case wire.InstrumentReply():
                        self._on_instrument(message)
                    case _:
                        break
        stop.set()
        await asyncio.Event().wait()  # ends with the process, not before: an end here is a failure

    def _ask_due(self) -> None:
        for request_id, row in self._resync.due(time.monotonic()):
            symbol = self._symbols[row]
            levels = self._plan.snapshot_levels
            self._channel.send(
                wire.SnapshotRequest(request_id, symbol.market, symbol.symbol, levels)
            )

    def _on_snapshot(self, reply: wire.SnapshotReply) -> None:
        row = self._resync.symbol_of(reply.request_id)
        if row is None:
            return
        now = time.monotonic()
        if reply.status != 200:
            delay = self._resync.retry_later(row, now)
            why = (
                reply.error or f"HTTP {reply.status}: {reply.body[:200].decode('utf-8', 'replace')}"
            )
            log.warning(
                "%s: no snapshot (%s), asking again in %.0f s", self._symbol_name(row), why, delay
            )
            return
        result, error = self._engine.snapshot(row, reply.body)
        if result in (SnapshotResult.LIVE, SnapshotResult.HELD, SnapshotResult.UNWANTED):
            self._resync.forget(row)
        elif result is SnapshotResult.UNREADABLE:
            delay = self._resync.retry_later(row, now)
            log.warning(
                "%s: snapshot refused (%s), asking again in %.0f s",
                self._symbol_name(row),
                error,
                delay,
            )
            if error == "INEXACT":
                self._ask_instrument(row, *needed_exponents(reply.body))
        else:
            self._resync.retry_soon(row, now)
        self.on_notices()
        self._ask_due()

    # Connections

    def on_subscribed(self, row: int) -> None:
        """Ask for the snapshots of quiet books too, which may wait long for their first event."""
        self._loop.call_later(1.0, self._ask_all, row)

    def _ask_all(self, connection: int) -> None:
        if self._loop.is_closed() or self._channel.is_closed:
            return
        for symbol in self._books[connection]:
            self._engine.ask_snapshot(symbol)
        self.on_notices()

    def on_lost(self, row: int) -> None:
        for symbol in self._books[row]:
            self._resync.forget(symbol)

    def on_refused(self, row: int, frame: bytes) -> None:
        if len(self._refused) < REFUSED_KEPT:
            self._refused.append((row, frame))

    def on_notices(self) -> None:
        """Act on what the core has to say."""
        notices = self._engine.notices()
        # A gap before the snapshot that it asks for, so that the log reads in order.
        for notice in sorted(notices, key=lambda notice: notice.code is not NoticeCode.GAP):
            self._notice_log.write(notice)
            if notice.code is NoticeCode.RESYNC:
                self._resync.want(notice.row, time.monotonic())
            elif notice.code is NoticeCode.STALLED:
                for connection in self._connections:
                    connection.drain()
        inexact = {notice.row for notice in notices if notice.code is NoticeCode.INEXACT}
        if inexact:
            self._widen(inexact)
        self._refused.clear()
        if notices:
            self._ask_due()

    # Instruments whose exponents turned out too coarse

    def _widen(self, inexact: set[int]) -> None:
        for connection, frame in self._refused:
            market = self._plan.connections[connection].market.name.lower()
            with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
                name = f"{market}:{orjson.loads(frame).get('stream')}"
                row = self._stream_symbols.get(name)
                if row in inexact and row is not None:
                    self._ask_instrument(row, *needed_exponents(frame))

    def _ask_instrument(self, row: int, px_exponent: int, qty_exponent: int) -> None:
        symbol = self._symbols[row]
        asked = row in self._needed
        px, qty = self._needed.get(row, (symbol.px_exponent, symbol.qty_exponent))
        self._needed[row] = min(px, px_exponent), min(qty, qty_exponent)
        if not asked:
            self._channel.send(wire.InstrumentRequest(symbol.market, symbol.symbol))

    def _on_instrument(self, reply: wire.InstrumentReply) -> None:
        for row in [row for row in self._needed if self._is(row, reply)]:
            px, qty = self._needed.pop(row)
            known = reply.instrument or self._symbols[row]
            # exchangeInfo has the steps of today; what the frame needed may be finer still.
            finer = widened(known, min(px, known.px_exponent), min(qty, known.qty_exponent))
            now = self._symbols[row]
            if (finer.px_exponent, finer.qty_exponent) < (now.px_exponent, now.qty_exponent):
                self._replace(row, finer)
            else:
                name = self._symbol_name(row)
                log.error("%s: the venue sends values that no exponent we allow holds", name)

    def _is(self, row: int, reply: wire.InstrumentReply) -> bool:
        return (self._symbols[row].market, self._symbols[row].symbol) == (
            reply.market,
            reply.symbol,
        )

    def _replace(self, row: int, symbol: wire.PlanSymbol) -> None:
        new = self._engine.replace_symbol(row, symbol)
        if new == NO_ROW:
            log.error(
                "%s: no room for a row with finer exponents; it stays out of step",
                self._symbol_name(row),
            )
            return
        self._add_symbol(symbol, new)
        self._resync.forget(row)
        for name, at in self._stream_symbols.items():
            if at == row:
                self._stream_symbols[name] = new
        for books in self._books.values():
            if row in books:
                books.remove(row)
                books.add(new)
        log.info(
            "%s: moved to row %d, exponents %d %d",
            self._symbol_name(new),
            new,
            symbol.px_exponent,
            symbol.qty_exponent,
        )


def check_row(row: int, name: str) -> None:
    """Our own word: the plan fits the capacities it asked for."""
    if row == NO_ROW:
        raise GatewayError(
            f"no room for {name} in the segment", "raise the capacities in the configuration"
        )


def make_tls(ca_file: str) -> ssl.SSLContext:
    """TLS as the host trusts it, or as ``ca_file`` says; verification is never off."""
    return ssl.create_default_context(cafile=ca_file or None)
