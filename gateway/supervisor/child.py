"""One shard process, from spawn to end. A restart is a new child.

The child inherits one end of a socketpair as its control channel. It ends by itself when that
closes, so a killed supervisor leaves no shard behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from gateway import processes
from gateway.channel import Channel, ChannelClosed, ChannelError
from gateway.layout import Market
from gateway.plan import (
    BookReply,
    BookRequest,
    Changed,
    ConnectReply,
    ConnectRequest,
    FellSilent,
    HistoryReply,
    HistoryRequest,
    InstrumentReply,
    InstrumentRequest,
    PlanChange,
    Ready,
    RefreshReply,
    RefreshRequest,
    Refused,
    RowUnknown,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
    Stop,
    TopicWanted,
    ToSupervisor,
)

log = logging.getLogger("gateway.supervisor")

REQUESTS_MAX = 4096  # in work for a shard: books, history, values, instruments, attempts to connect
BOOKS_MAX = 4  # whole books asked of a shard at once: each is some hundred kilobytes on the channel

Request = SnapshotRequest | HistoryRequest | RefreshRequest | InstrumentRequest | ConnectRequest
Reply = SnapshotReply | HistoryReply | RefreshReply | InstrumentReply | ConnectReply
Note = RowUnknown | FellSilent | Refused | TopicWanted
A = TypeVar("A", Changed, BookReply)


class Desk(Protocol):
    """Answers what shards ask, and takes in what they tell."""

    async def answer(self, request: Request) -> Reply: ...

    def note(self, shard_id: int, note: Note) -> None: ...


class ShardChild:
    """A running shard. Made by ``spawn``; ``serve`` runs until its process has ended."""

    def __init__(
        self, plan: ShardPlan, process: asyncio.subprocess.Process, channel: Channel[ToSupervisor]
    ) -> None:
        self.shard_id = plan.shard_id
        self.process = process
        self.ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._channel = channel
        self._pending: set[asyncio.Task[None]] = set()
        self._changes: dict[int, asyncio.Future[Changed | None]] = {}
        self._books: dict[int, asyncio.Future[BookReply | None]] = {}
        self._book_turn = asyncio.Semaphore(BOOKS_MAX)
        self._books_asked = 0
        self._ready_at = 0.0

    @classmethod
    async def spawn(cls, shard_id: int, make_plan: Callable[[], ShardPlan]) -> ShardChild:
        """Start a process and send it the plan as it is by then: it may change meanwhile."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            arguments = ("--shard", str(shard_id), "--channel-fd", str(theirs.fileno()))
            process = await asyncio.create_subprocess_exec(
                *processes.command("gateway.shard", *arguments),
                pass_fds=(theirs.fileno(),),
                env=processes.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C is for the supervisor, which stops its shards in order.
                start_new_session=True,
            )
            undo.pop_all()
        plan = make_plan()
        channel: Channel[ToSupervisor] = Channel(ours, ToSupervisor)
        channel.send(plan)
        return cls(plan, process, channel)

    @property
    def uptime(self) -> float:
        """Seconds since it was ready; 0 before that."""
        return time.monotonic() - self._ready_at if self._ready_at else 0.0

    def live_seconds(self, last_beat_ns: int) -> float:
        """Seconds from its being ready to its last heartbeat (CLOCK_MONOTONIC)."""
        return max(0.0, last_beat_ns / 1e9 - self._ready_at) if self._ready_at else 0.0

    async def serve(self, desk: Desk) -> int:
        """Answer its requests until it ends; return its exit code (negative: the signal)."""
        reader = asyncio.create_task(self._read(desk))
        try:
            return await self.process.wait()
        finally:
            reader.cancel()
            for task in self._pending:
                task.cancel()  # a request dies with the shard that asked
            self._channel.close()
            answers: list[asyncio.Future[Any]] = [*self._changes.values(), *self._books.values()]
            for answer in answers:
                if not answer.done():
                    answer.set_result(None)
            if not self.ready.done():
                self.ready.cancel()

    def change(self, change: PlanChange) -> asyncio.Future[Changed | None]:
        """Send a change and return its answer to come; None: the shard ended, see its next plan."""
        answer: asyncio.Future[Changed | None] = asyncio.get_running_loop().create_future()
        if self.process.returncode is not None:
            answer.set_result(None)
            return answer
        self._changes[change.change_id] = answer
        answer.add_done_callback(lambda _: self._changes.pop(change.change_id, None))
        self._channel.send(change)
        return answer

    async def book(self, market: Market, row_name: str) -> BookReply | None:
        """Return the whole book of a symbol; None: the shard ended, or has ended."""
        async with self._book_turn:
            if self.process.returncode is not None:
                return None
            self._books_asked += 1
            number = self._books_asked
            answer: asyncio.Future[BookReply | None] = asyncio.get_running_loop().create_future()
            self._books[number] = answer
            try:
                self._channel.send(BookRequest(number, market, row_name))
                return await answer
            finally:
                del self._books[number]

    def stop(self) -> None:
        """Ask it to close cleanly."""
        self._channel.send(Stop())

    def kill(self) -> None:
        """End it at once."""
        if self.process.returncode is None:
            self.process.kill()

    async def _read(self, desk: Desk) -> None:
        try:
            while True:
                self._take(await self._channel.receive(), desk)
        except ChannelClosed:
            return  # the process is ending; serve() waits for that
        except ChannelError as exc:
            log.error("shard %d: %s", self.shard_id, exc)
            self.kill()

    def _take(self, message: ToSupervisor, desk: Desk) -> None:
        match message:
            case Ready():
                self._on_ready(message)
            case Changed():
                self._on_answer(self._changes, message.change_id, message)
            case BookReply():
                self._on_answer(self._books, message.request_id, message)
            case SnapshotRequest() | HistoryRequest() | RefreshRequest():
                self._on_request(message, desk)
            case InstrumentRequest() | ConnectRequest():
                self._on_request(message, desk)
            case _:
                desk.note(self.shard_id, message)

    def _on_ready(self, ready: Ready) -> None:
        self._ready_at = time.monotonic()
        if not self.ready.done():
            self.ready.set_result(ready)

    def _on_answer(
        self, waiting: Mapping[int, asyncio.Future[A | None]], number: int, message: A
    ) -> None:
        answer = waiting.get(number)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _on_request(self, request: Request, desk: Desk) -> None:
        if len(self._pending) >= REQUESTS_MAX:
            raise ChannelError(f"over {REQUESTS_MAX} requests at once")
        task = asyncio.create_task(self._answer(request, desk))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _answer(self, request: Request, desk: Desk) -> None:
        self._channel.send(await desk.answer(request))
