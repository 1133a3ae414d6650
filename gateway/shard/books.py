"""Order books' snapshots: asked of the supervisor, handed to the core. When, is ``resync``'s."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from gateway import plan as wire
from gateway.core.engine import Engine, SnapshotResult
from gateway.markets import FACTS, WEIGHT_PER_MINUTE
from gateway.plan import Need
from gateway.shard.calls import Calls
from gateway.shard.depths import Depths
from gateway.shard.precision import needed_exponents
from gateway.shard.resync import Resync

log = logging.getLogger("gateway.shard")

SHOWN = 200  # bytes of a refused answer in a log line


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    symbols: dict[int, wire.PlanSymbol]

    def symbol_name(self, row: int) -> str: ...


class Widening(Protocol):
    """What is needed of ``widening.Widening``."""

    def ask(self, row: int, px_exponent: int, qty_exponent: int) -> None: ...


class Looks(Protocol):
    """Whoever looks at a book again, once it is LIVE."""

    def snapshot_is_in(self, row: int, body: bytes, limit: int) -> None: ...

    def on_lost(self, row: int) -> None: ...

    def forget(self, row: int) -> None: ...


class Books:
    """The books of a shard, by symbol row, and which connection feeds each."""

    def __init__(
        self,
        engine: Engine,
        depths: Depths,
        rows: Rows,
        calls: Calls,
        send: Callable[[wire.SnapshotRequest], None],
        widening: Widening,
        looks: Looks,
    ) -> None:
        self._engine = engine
        self._depths = depths
        self._rows = rows
        self._calls = calls
        self._send = send
        self._widening = widening
        self._looks = looks
        self._resync = Resync()
        self._were_live: set[int] = set()  # symbol rows that readers had LIVE
        self._books: dict[int, set[int]] = defaultdict(set)  # connection -> symbol rows

    @property
    def waiting(self) -> int:
        """Count the books that need a snapshot."""
        return self._resync.waiting

    def add(self, connection: int, row: int) -> None:
        """A connection feeds the book of a symbol."""
        self._books[connection].add(row)

    def remove(self, connection: int, row: int) -> None:
        """It does no longer."""
        self._books[connection].discard(row)
        self._forget(row)

    def moved(self, old: int, new: int) -> None:
        """The instrument has another row now."""
        self._forget(old)
        for rows in self._books.values():
            if old in rows:
                rows.remove(old)
                rows.add(new)

    def _forget(self, row: int) -> None:
        self._resync.forget(row)
        self._were_live.discard(row)
        self._looks.forget(row)

    def on_live(self, row: int) -> None:
        """Readers have the book LIVE."""
        self._were_live.add(row)

    def want(self, row: int) -> None:
        """The core asks for a snapshot."""
        need = Need.LOST if row in self._were_live else Need.COLD
        pool = FACTS[self._rows.symbols[row].market].weight_pool
        self._resync.want(row, pool, need, time.monotonic())
        self._looks.on_lost(row)

    def lost(self, connection: int) -> None:
        """The connection is down: its books ask again when it is back."""
        for row in self._books[connection]:
            self._resync.forget(row)
            self._looks.on_lost(row)

    def ask_waiting(self, connection: int) -> None:
        """Have quiet books ask too, which may wait long for their first event."""
        for row in self._books[connection]:
            self._engine.ask_snapshot(row)

    def next_due(self, now: float) -> float | None:
        """When a book that waits for its time is to be asked for; None: none waits for that."""
        return self._resync.next_due(now)

    def ask_due(self, now: float) -> None:
        """Send the requests that are due and find a place."""
        for pool in WEIGHT_PER_MINUTE:
            for least in (Need.LOST, Need.COLD):
                places = self._calls.places(pool, least)
                for row, need in self._resync.due(pool, least, places, now) if places else ():
                    self._ask(row, pool, need, now)

    def _ask(self, row: int, pool: str, need: Need, now: float) -> None:
        symbol = self._rows.symbols[row]
        request_id = self._calls.make(pool, need, now)
        self._resync.asked(row, request_id)
        levels = self._levels(symbol, need)
        self._send(
            wire.SnapshotRequest(
                request_id,
                symbol.market,
                symbol.symbol,
                levels,
                symbol.variant,
                need,
                least=self._depths.shallow(symbol),
            )
        )

    def _levels(self, symbol: wire.PlanSymbol, need: Need) -> int:
        # At a start those that wait are only those whose first event has come.
        all_books = sum(map(len, self._books.values()))
        return self._depths.first(symbol, self.waiting if need is Need.LOST else all_books)

    def unanswered(self, request_id: int) -> None:
        """No answer came: ask anew."""
        row = self._resync.symbol_of(request_id)
        if row is not None:
            self._try_later(row, "no answer to the request for a snapshot")

    def on_reply(self, reply: wire.SnapshotReply) -> None:
        """The supervisor's answer; one that nobody waits for any more is dropped."""
        row = self._resync.symbol_of(reply.request_id)
        if row is None:
            return
        if reply.status != 200:
            shown = reply.body[:SHOWN].decode("utf-8", "replace")
            self._try_later(row, f"no snapshot ({reply.error or f'HTTP {reply.status}: {shown}'})")
            return
        result, error = self._engine.snapshot(row, reply.body, reply.limit)
        if result in (SnapshotResult.LIVE, SnapshotResult.HELD, SnapshotResult.UNWANTED):
            self._resync.forget(row)
            if result is not SnapshotResult.UNWANTED:
                self._looks.snapshot_is_in(row, reply.body, reply.limit)
        elif result is SnapshotResult.UNREADABLE:
            self._try_later(row, f"snapshot refused ({error})")
            if error == "INEXACT":
                self._widening.ask(row, *needed_exponents(reply.body))
        else:
            self._resync.retry_soon(row, time.monotonic())

    def _try_later(self, row: int, why: str) -> None:
        delay = self._resync.retry_later(row, time.monotonic())
        log.warning("%s: %s, asking again in %.0f s", self._rows.symbol_name(row), why, delay)
