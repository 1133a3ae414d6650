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
from typing import Protocol

from gateway import processes
from gateway.channel import Channel, ChannelClosed, ChannelError
from gateway.plan import (
    InstrumentReply,
    InstrumentRequest,
    Ready,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
    Stop,
    ToSupervisor,
)

log = logging.getLogger("gateway.supervisor")

REQUESTS_MAX = 256  # in work for a shard; it keeps 4 snapshots and one instrument a symbol

Request = SnapshotRequest | InstrumentRequest


class Desk(Protocol):
    """Answers what shards ask."""

    async def answer(self, request: Request) -> SnapshotReply | InstrumentReply: ...


class ShardChild:
    """A running shard. Made by ``spawn``; ``serve`` runs until its process has ended."""

    def __init__(
        self, plan: ShardPlan, process: asyncio.subprocess.Process, channel: Channel[ToSupervisor]
    ) -> None:
        self.plan = plan
        self.process = process
        self.ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._channel = channel
        self._pending: set[asyncio.Task[None]] = set()
        self._ready_at = 0.0

    @classmethod
    async def spawn(cls, plan: ShardPlan) -> ShardChild:
        """Start the process and send it its plan."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            process = await asyncio.create_subprocess_exec(
                *processes.command("gateway.shard", "--channel-fd", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                env=processes.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C is for the supervisor, which stops its shards in order.
                start_new_session=True,
            )
            undo.pop_all()
        channel: Channel[ToSupervisor] = Channel(ours, ToSupervisor)
        channel.send(plan)
        return cls(plan, process, channel)

    @property
    def uptime(self) -> float:
        """Seconds since it was ready; 0 before that."""
        return time.monotonic() - self._ready_at if self._ready_at else 0.0

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
            if not self.ready.done():
                self.ready.cancel()

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
                await self._take(await self._channel.receive(), desk)
        except ChannelClosed:
            return  # the process is ending; serve() waits for that
        except ChannelError as exc:
            log.error("shard %d: %s", self.plan.shard_id, exc)
            self.kill()

    async def _take(self, message: ToSupervisor, desk: Desk) -> None:
        if isinstance(message, Ready):
            self._ready_at = time.monotonic()
            if not self.ready.done():
                self.ready.set_result(message)
            return
        if len(self._pending) >= REQUESTS_MAX:
            raise ChannelError(f"over {REQUESTS_MAX} requests at once")
        task = asyncio.create_task(self._answer(message, desk))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _answer(self, request: Request, desk: Desk) -> None:
        self._channel.send(await desk.answer(request))
