"""Answers the shards: snapshots and instruments by REST, attempts to connect by the budget."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from gateway.log import RateLimit
from gateway.markets import FACTS
from gateway.plan import (
    ConnectReply,
    ConnectRequest,
    InstrumentReply,
    Refused,
    RowUnknown,
    SnapshotReply,
    SnapshotRequest,
    TopicWanted,
)
from gateway.rest.client import RestClient
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.child import Note, Reply, Request
from gateway.supervisor.gate import Gate

log = logging.getLogger("gateway.supervisor")


class Listener(Protocol):
    """Whoever acts on what shards tell of streams and symbols."""

    def on_row_unknown(self, note: RowUnknown) -> None: ...

    def on_topic(self, shard_id: int, note: TopicWanted) -> None: ...


class ShardDesk:
    """The one place of the gateway that spends REST weight and connection attempts."""

    def __init__(
        self, rest: RestClient, catalogue: Catalogue, gate: Gate, listener: Listener
    ) -> None:
        self._rest = rest
        self._catalogue = catalogue
        self._gate = gate
        self._listener = listener
        self._limit = RateLimit(count=3, interval=10.0)
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request) -> Reply:
        """Return the reply to a shard's request; never raises for what the venue does."""
        if isinstance(request, SnapshotRequest):
            return await self._snapshot(request)
        if isinstance(request, ConnectRequest):
            return ConnectReply(request.request_id, await self._gate.ask(request.host))
        found = await self._catalogue.refresh(request.market, request.symbol)
        return InstrumentReply(request.market, request.symbol, found.symbol if found else None)

    def note(self, shard_id: int, note: Note) -> None:
        """Take in what a shard tells."""
        match note:
            case RowUnknown():
                self._listener.on_row_unknown(note)
            case TopicWanted():
                self._listener.on_topic(shard_id, note)
            case Refused():
                task = asyncio.create_task(self._gate.refuse(note.host, note.status, note.hold_s))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _snapshot(self, request: SnapshotRequest) -> SnapshotReply:
        answer = await self._rest.depth(
            request.market, request.symbol, request.levels, request.variant
        )
        if not answer.is_ok:
            self._report(request, answer.problem())
        return SnapshotReply(request.request_id, answer.status, answer.body, answer.error)

    def _report(self, request: SnapshotRequest, problem: str) -> None:
        more = self._limit.admit(f"{request.market}:{problem}", time.monotonic())
        if more is None:
            return
        name = f"{FACTS[request.market].name}:{request.symbol}"
        name = f"{name}.{request.variant}" if request.variant else name
        suffix = f" ({more} more like this)" if more else ""
        log.warning("no snapshot of %s: %s%s", name, problem, suffix)
