"""Answers the shards: books, history and instruments by REST, attempts to connect by the budget."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Protocol

from gateway.errors import UsageError
from gateway.history import GONE, events_of, page_of
from gateway.layout import Kind, Market
from gateway.log import RateLimit
from gateway.markets import FACTS
from gateway.plan import (
    ConnectReply,
    ConnectRequest,
    FellSilent,
    HistoryReply,
    HistoryRequest,
    InstrumentReply,
    Need,
    RefreshReply,
    RefreshRequest,
    Refused,
    RowUnknown,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
    TopicWanted,
)
from gateway.refresh import call_of, payloads_of
from gateway.rest.calls import Call
from gateway.rest.client import RestClient
from gateway.streams import parse
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.child import Note, Reply, Request
from gateway.supervisor.cold_start import ColdStart
from gateway.supervisor.gate import Gate

log = logging.getLogger("gateway.supervisor")


class Listener(Protocol):
    """Whoever acts on what shards tell of streams and symbols."""

    def on_row_unknown(self, note: RowUnknown) -> None: ...

    def on_silent(self, note: FellSilent) -> None: ...

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
        self._cold_starts: dict[str, ColdStart] = {}  # by pool

    def expect(self, plans: Iterable[ShardPlan]) -> None:
        """The shards of these plans are about to ask for the books in them."""
        for plan in plans:
            for stream in plan.streams:
                if stream.kind is Kind.DIFF:
                    symbol = plan.symbols[stream.symbol]
                    self._cold_start(symbol.market).expect(
                        {(symbol.market, symbol.symbol, symbol.variant)}
                    )

    async def answer(self, request: Request) -> Reply:
        """Return the reply to a shard's request; never raises for what the venue does."""
        if isinstance(request, SnapshotRequest):
            return await self._snapshot(request)
        if isinstance(request, HistoryRequest):
            return await self._history(request)
        if isinstance(request, RefreshRequest):
            return await self._refresh(request)
        if isinstance(request, ConnectRequest):
            return ConnectReply(request.request_id, await self._gate.ask(request.host))
        found = await self._catalogue.refresh(request.market, request.symbol)
        return InstrumentReply(request.market, request.symbol, found.symbol if found else None)

    def note(self, shard_id: int, note: Note) -> None:
        """Take in what a shard tells."""
        match note:
            case RowUnknown():
                self._listener.on_row_unknown(note)
            case FellSilent():
                self._listener.on_silent(note)
            case TopicWanted():
                self._listener.on_topic(shard_id, note)
            case Refused():
                task = asyncio.create_task(self._gate.refuse(note.host, note.status, note.hold_s))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _snapshot(self, request: SnapshotRequest) -> SnapshotReply:
        market, book = request.market, (request.market, request.symbol, request.variant)
        start = self._cold_start(market)
        if request.need is Need.COLD:
            call = FACTS[market].depth_call(request.levels, request.variant)
            start.line = self._rest.line(market)
            self._say(start.asked(book, call.weight, self._rest.spent(market), time.monotonic()))
        answer = await self._rest.depth(
            market, request.symbol, request.levels, request.variant, request.need, request.least
        )
        if answer.is_ok:
            self._say(start.came(book, time.monotonic()))
        else:
            name = f"{request.symbol}.{request.variant}" if request.variant else request.symbol
            self._report(f"no snapshot of {FACTS[market].name}:{name}", answer.problem())
        return SnapshotReply(
            request.request_id, answer.status, answer.body, answer.error, answer.limit
        )

    async def _history(self, request: HistoryRequest) -> HistoryReply:
        """Fetch one page of what a stream missed."""
        number, first, last = request.request_id, request.first_id, request.last_id
        try:
            stream = parse(request.stream)
        except UsageError as exc:
            return HistoryReply(number, 0, is_final=True, error=str(exc))
        page = page_of(stream, first, last)
        if page is None:
            return HistoryReply(number, 0, is_final=True, error="no call brings it back")
        answer = await self._rest.call(
            # A stream's pages are asked for one by one: whoever asks anew has given up the older.
            Call(stream.market, page.name, page.query, page.weight, Need.BACKFILL, request.stream)
        )
        try:
            if answer.is_ok:
                now_ms = 1000 * (answer.wall or time.time())
                found = events_of(stream, answer.body, first, last, now_ms)
                return HistoryReply(number, 200, found.payloads, found.is_final)
            problem = answer.problem()
        except ValueError as exc:
            problem = f"{page.name}: {exc}"
        self._report(f"no history of {request.stream}", problem)
        status = 0 if answer.is_ok else answer.status
        return HistoryReply(number, status, is_final=status in GONE, error=problem)

    async def _refresh(self, request: RefreshRequest) -> RefreshReply:
        """Fetch the latest values of streams that are quiet since they came back."""
        number = request.request_id
        try:
            streams = [parse(name) for name in request.streams]
            asked = call_of(streams)
        except (UsageError, LookupError) as exc:
            return RefreshReply(number, 404, error=str(exc))
        answer = await self._rest.call(
            Call(asked.market, asked.name, asked.query, asked.weight, Need.REFRESH)
        )
        try:
            if answer.is_ok:
                return RefreshReply(number, 200, payloads_of(streams, answer.body))
            problem = answer.problem()
        except ValueError as exc:
            problem = f"{asked.name}: {exc}"
        self._report(f"no latest values of {request.streams[0]}", problem)
        return RefreshReply(number, 0 if answer.is_ok else answer.status, error=problem)

    def _cold_start(self, market: Market) -> ColdStart:
        pool = FACTS[market].weight_pool
        if pool not in self._cold_starts:
            self._cold_starts[pool] = ColdStart(pool, self._rest.line(market))
        return self._cold_starts[pool]

    def _say(self, line: str) -> None:
        if line:
            log.info("%s", line)

    def _report(self, what: str, problem: str) -> None:
        more = self._limit.admit(problem, time.monotonic())
        if more is None:
            return
        suffix = f" ({more} more like this)" if more else ""
        log.warning("%s: %s%s", what, problem, suffix)
