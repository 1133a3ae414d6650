"""One shard at work: the segment, and the core wired to connections, publisher and supervisor.

The module that joins the others. Everything runs on one loop in one thread; the process ends with 0
after Stop, SIGTERM or the end of the channel, and with 70 when it broke its own word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Coroutine
from pathlib import Path

from gateway import plan as wire
from gateway import segment_file
from gateway.channel import Channel, ChannelClosed
from gateway.core.engine import Engine, Notice, NoticeCode, wake
from gateway.errors import GatewayError
from gateway.layout import Market
from gateway.rundir import FileLock
from gateway.shard import dump, predecessor
from gateway.shard.address import check_proxy, check_url
from gateway.shard.books import Books
from gateway.shard.calls import Calls
from gateway.shard.carrier import Carrier
from gateway.shard.connection import Connection
from gateway.shard.depths import Depths
from gateway.shard.dial import Dialling, make_tls
from gateway.shard.link import Link
from gateway.shard.looks import Looks
from gateway.shard.notices import NoticeLog, SilenceLog
from gateway.shard.permits import Permits
from gateway.shard.publisher import POLL_S, Publisher, readable
from gateway.shard.refill import Refill, Settings
from gateway.shard.refresh import Refresh
from gateway.shard.refusal import Hold
from gateway.shard.rows import Rows
from gateway.shard.strangers import Strangers
from gateway.shard.widening import Widening

log = logging.getLogger("gateway.shard")

CLOSE_S = 1.2  # for connections to say goodbye; the supervisor kills after 1.4
SYNTHETIC_S = 1.0  # between two arrays that are put together here
REJOIN_S = 0.25  # after a restart, for ZeroMQ subscribers to come back before anything is sent
QUIET_BOOKS_S = 1.0  # after the acks; then books without an event ask for their snapshot too


class Shard:
    """A shard from its plan to its end. Implements ``connection.Owner``."""

    def __init__(self, plan: wire.ShardPlan, channel: Channel[wire.ToShard]) -> None:
        """Make the segment with a row for everything in the plan. Raises GatewayError."""
        self._plan = plan
        self._channel = channel
        self._dialling = dialling(plan)
        path = Path(plan.run_dir) / f"shard-{plan.shard_id}.seg"
        self._lock = FileLock.acquire(path.with_suffix(".lock"))
        left = predecessor.read(path, plan.instance_id)
        self._rejoin_s = REJOIN_S if left else 0.0
        self._segment = segment_file.create(path, plan=plan)
        self._engine = Engine(self._segment.memory, plan.book_levels_max)
        self._engine.set_limits(int(plan.first_data_s * 1e9), int(plan.lag_s * 1e9))
        self._engine.heartbeat()  # sets its clocks, before the first records are written
        self._publisher = Publisher(
            self._engine, path.with_suffix(".pub"), plan.zmq_hwm, self._on_topic
        )
        self._rows = rows = Rows(self._engine, self._publisher)
        self._permits = Permits(channel.send)
        self._widening = Widening(rows, channel.send, lambda old, new: self._books.moved(old, new))
        self._calls = Calls()
        self._looks, self._books, self._refill = self._trust(plan)
        self._refresh = Refresh(self._engine, rows, self._calls, channel.send, plan.backfill)
        self._asking_at = float("inf")  # when a request is due that waits for its time
        self._pages_came = asyncio.Event()
        self._carrier = Carrier(self._engine, rows, self._books, self._make)
        self._notice_log = NoticeLog(rows.symbol_name, rows.stream_name, rows.link_name)
        self._silence_log = SilenceLog()
        self._silent_markets: set[Market] = set()  # to be told of
        self._strangers = Strangers()
        self._tasks: list[asyncio.Task[None]] = []
        self._task_ended = asyncio.Event()
        self._is_running = False
        everything = wire.PlanChange(0, plan.symbols, plan.connections, plan.streams)
        for name, why in self._carrier.apply(everything).items():
            self._segment.close_and_unlink()
            self._take_down()
            raise GatewayError(f"{name}: {why}", "see the [memory] table of the configuration")
        self._rows.inherit(left)

    def _trust(self, plan: wire.ShardPlan) -> tuple[Looks, Books, Refill]:
        """Make those who keep books right and fill gaps."""
        engine, rows, calls, send = self._engine, self._rows, self._calls, self._channel.send
        widening = self._widening
        depths = Depths(plan.snapshot_levels, plan.book_levels, plan.depth_levels)
        looks = Looks(engine, depths, rows, calls, send, widening, plan.audit_interval_s)
        books = Books(engine, depths, rows, calls, send, widening, looks)
        settings = Settings(plan.backfill, plan.backfill_events_max)
        return looks, books, Refill(engine, rows, calls, send, settings)

    def _make(self, plan: wire.PlanConnection, rows: tuple[int, int]) -> Connection:
        names = [self._rows.link_name(row) for row in rows]
        first, second = (
            Link(self._engine, row, name, self._dialling)
            for row, name in zip(rows, names, strict=True)
        )
        made = Connection(self._engine, plan, (first, second), self, self._plan.lag_s)
        if self._is_running:
            self._start(made.run())
        return made

    # The life of the process.

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self._task_ended.set())
        self._tasks.append(task)

    async def run(self) -> None:
        """Serve until told to stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # the supervisor decides
        self._engine.heartbeat()
        self._segment.publish(wake)
        self._is_running = True
        works = self._listen(stop), self._beat(), self._poll(), self._put_together(), self._fill()
        for work in works:
            self._start(work)
        for connection in self._carrier.connections.values():
            self._start(self._connect(connection))
        ready = wire.Ready(self._plan.shard_id, os.getpid(), self._segment.generation)
        self._channel.send(ready)
        waiting = [asyncio.ensure_future(event.wait()) for event in (stop, self._task_ended)]
        try:
            # A task that ends before the stop has failed: its error is this process' end.
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            for future in waiting:
                future.cancel()
            await self._close()

    async def _connect(self, connection: Connection) -> None:
        # What comes before they are back is in the ring alone, and no back-fill brings it.
        await asyncio.sleep(self._rejoin_s)
        await connection.run()

    async def _close(self) -> None:
        """Say CLOSED, then leave the venue and take everything down."""
        self._segment.close_and_unlink()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        await asyncio.sleep(0)  # the transports report their end in the next turn
        self._take_down()

    def _take_down(self) -> None:
        """Let go of everything; files go too."""
        self._publisher.close()
        self._engine.close()
        self._channel.close()
        self._lock.release()

    async def _beat(self) -> None:
        while True:
            self._engine.heartbeat()
            self.on_notices()
            self._take_back()
            self._ask_due()
            self._silence_log.flush(time.monotonic())
            self._tell_of_silence()
            await asyncio.sleep(self._plan.heartbeat_interval_ms / 1000)

    async def _poll(self) -> None:
        while True:
            self._publisher.poll()
            await asyncio.sleep(POLL_S)
            if self._publisher.poll_seconds > POLL_S:
                await readable(self._publisher.descriptors, self._publisher.poll_seconds)

    async def _put_together(self) -> None:
        while True:
            await asyncio.sleep(SYNTHETIC_S)
            for row in self._rows.synthetics:
                self._engine.flush_synthetic(row)

    async def _fill(self) -> None:
        """Hand over what was missed or refreshed, in turns with the frames that come."""
        while True:
            await self._pages_came.wait()
            self._pages_came.clear()
            while self._refill.hand_over() or self._refresh.hand_over():
                self.on_notices()
                await asyncio.sleep(0)
            self.on_notices()
            self._ask_due()

    # What is asked of the venue.

    def _ask_due(self) -> None:
        """Send the requests that are due, the most needed first; be back when another one is."""
        now = time.monotonic()
        self._books.ask_due(now)
        self._refill.ask_due(now)
        self._refresh.ask_due(now)
        self._looks.ask_due(now, self._books.waiting)
        askers = (self._books, self._refill, self._refresh)
        times = [at for asker in askers if (at := asker.next_due(now)) is not None]
        due = min(times, default=float("inf"))
        # The beat would find it too, but up to a tenth of a second late.
        if due < self._asking_at and due - now < self._plan.heartbeat_interval_ms / 1000:
            self._asking_at = due
            asyncio.get_running_loop().call_later(due - now, self._ask_again)

    def _ask_again(self) -> None:
        self._asking_at = float("inf")
        if not self._channel.is_closed:
            self._ask_due()

    def _take_back(self) -> None:
        """Give up requests that nobody answers."""
        for request_id in self._calls.overdue(time.monotonic()):
            self._books.unanswered(request_id)
            self._looks.unanswered(request_id)
            self._refill.unanswered(request_id)
            self._refresh.unanswered(request_id)

    # The supervisor.

    async def _listen(self, stop: asyncio.Event) -> None:
        with contextlib.suppress(ChannelClosed):
            while not stop.is_set():
                if not self._take(await self._channel.receive()):
                    break
        stop.set()
        await asyncio.Event().wait()  # ends with the process, not before: an end here is a failure

    def _take(self, message: wire.ToShard) -> bool:
        """Act on a message. False: the shard is to end."""
        match message:
            case wire.PlanChange():
                refused = self._carrier.apply(message)
                self._channel.send(wire.Changed(message.change_id, refused))
            case wire.ConnectReply():
                self._permits.on_reply(message)
            case wire.InstrumentReply():
                self._widening.on_reply(message)
            case wire.SnapshotReply():
                self._calls.answered(message.request_id)
                self._books.on_reply(message)
                self._looks.on_reply(message)
            case wire.HistoryReply():
                self._calls.answered(message.request_id)
                self._refill.on_reply(message)
                self._pages_came.set()
            case wire.RefreshReply():
                self._calls.answered(message.request_id)
                self._refresh.on_reply(message)
                self._pages_came.set()
            case wire.BookRequest():
                self._channel.send(dump.reply(message, self._engine, self._rows))
            case _:
                return False
        self.on_notices()
        self._ask_due()  # there are places again
        return True

    def _on_topic(self, stream: str, is_wanted: bool) -> None:
        self._channel.send(wire.TopicWanted(stream, is_wanted))

    # Connections.

    async def permit(self, host: str) -> None:
        await self._permits.wait(host)

    def on_hold(self, host: str, status: int, hold: Hold) -> None:
        log.error("%s: %s; staying away for %.0f s", host, hold.why, hold.seconds)
        self._permits.hold(host, status, hold.seconds)

    def on_acked(self, rows: list[int]) -> None:
        self._refresh.on_acked(rows, time.monotonic())

    def on_subscribed(self, connection: Connection) -> None:
        """Ask for the snapshots of quiet books too, which may wait long for their first event."""
        loop = asyncio.get_running_loop()
        loop.call_later(QUIET_BOOKS_S, self._ask_waiting, self._carrier.index_of(connection))

    def _ask_waiting(self, index: int) -> None:
        if self._channel.is_closed:
            return
        self._books.ask_waiting(index)
        self.on_notices()

    def on_lost(self, connection: Connection) -> None:
        self._books.lost(self._carrier.index_of(connection))

    def on_refused(self, connection: Connection, frame: bytes) -> None:
        self._widening.keep(connection.plan.market, frame)

    # What the core has to say.

    def on_notices(self) -> None:
        """Act on the core's notices."""
        notices = self._engine.notices()
        # A gap before the snapshot that it asks for, so that the log reads in order.
        for notice in sorted(notices, key=lambda notice: notice.code is not NoticeCode.GAP):
            self._act_on(notice)
        self._widening.on_notices(notices)
        if notices:
            self._ask_due()

    def _act_on(self, notice: Notice) -> None:
        match notice.code:
            case NoticeCode.RESYNC:
                self._books.want(notice.row)
            case NoticeCode.BOOK_LIVE:
                self._books.on_live(notice.row)
                self._looks.on_live(notice.row)
            case NoticeCode.THIN:
                self._looks.on_thin(notice.row)
            case NoticeCode.LOOKED:
                self._looks.on_looked(notice.row, notice.a, notice.b)
            case NoticeCode.LOOK_FAILED:
                self._looks.on_failed(notice.row)
            case NoticeCode.GAP if notice.number:
                self._refill.on_gap(notice)
            case NoticeCode.STALLED:
                for connection in self._carrier.connections.values():
                    connection.drain()
            case NoticeCode.SILENT | NoticeCode.RESUMED:
                self._on_silence(notice)
            case NoticeCode.ROW_UNKNOWN:
                self._on_stranger(notice)
            case NoticeCode.UNKNOWN_STREAM if self._carrier.has_left(notice.row, notice.head):
                return
        self._notice_log.write(notice)

    def _on_silence(self, notice: Notice) -> None:
        connection = self._carrier.of_stream(notice.row)
        if connection is None:
            return
        stream = self._rows.stream_name(notice.row)
        if notice.code is NoticeCode.SILENT:
            connection.silence.fell_silent(notice.row)
            self._silence_log.silent(connection.plan.name, stream, notice.a / 1e9, notice.number)
            if ":!" not in stream:  # of an instrument
                self._silent_markets.add(connection.plan.market)
            return
        connection.silence.resumed(notice.row)
        if not notice.a:  # else it is halted, and nothing comes
            self._silence_log.resumed(connection.plan.name, stream)

    def _tell_of_silence(self) -> None:
        for market in self._silent_markets:
            self._channel.send(wire.FellSilent(market))
        self._silent_markets.clear()

    def _on_stranger(self, notice: Notice) -> None:
        """A symbol that an array has a row of, perhaps a new listing."""
        stream = self._rows.stream_name(notice.row)
        symbol = notice.head.decode("utf-8", "replace")
        if self._strangers.admit(f"{stream.partition(':')[0]}:{symbol}", time.monotonic()):
            log.info("%s: has a row of %s, which is not carried", stream, symbol)
            self._channel.send(wire.RowUnknown(stream, symbol))


def dialling(plan: wire.ShardPlan) -> Dialling:
    """How this shard opens WebSockets; raises ConfigError for what may not be dialled."""
    for connection in plan.connections:
        for url in connection.urls:
            check_url(url)
    check_proxy(plan.proxy)
    return Dialling(make_tls(plan.tls_ca_file), plan.proxy, plan.ping_interval_s)
