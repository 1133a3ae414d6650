"""Order books' snapshots: asked of the supervisor, handed to the core. When, is ``resync``'s."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from gateway import plan as wire
from gateway.core.engine import Engine, SnapshotResult
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


class Books:
    """The books of a shard, by symbol row, and which connection feeds each."""

    def __init__(
        self,
        engine: Engine,
        levels: int,
        rows: Rows,
        send: Callable[[wire.SnapshotRequest], None],
        widening: Widening,
    ) -> None:
        """``levels`` a side are asked for."""
        self._engine = engine
        self._levels = levels
        self._rows = rows
        self._send = send
        self._widening = widening
        self._resync = Resync()
        self._books: dict[int, set[int]] = defaultdict(set)  # connection -> symbol rows

    def add(self, connection: int, row: int) -> None:
        """A connection feeds the book of a symbol."""
        self._books[connection].add(row)

    def remove(self, connection: int, row: int) -> None:
        """It does no longer."""
        self._books[connection].discard(row)
        self._resync.forget(row)

    def moved(self, old: int, new: int) -> None:
        """The instrument has another row now."""
        self._resync.forget(old)
        for rows in self._books.values():
            if old in rows:
                rows.remove(old)
                rows.add(new)

    def want(self, row: int) -> None:
        """The core asks for a snapshot."""
        self._resync.want(row, time.monotonic())

    def lost(self, connection: int) -> None:
        """The connection is down: its books ask again when it is back."""
        for row in self._books[connection]:
            self._resync.forget(row)

    def ask_waiting(self, connection: int) -> None:
        """Have quiet books ask too, which may wait long for their first event."""
        for row in self._books[connection]:
            self._engine.ask_snapshot(row)

    def ask_due(self) -> None:
        """Send the requests that are due."""
        for request_id, row in self._resync.due(time.monotonic()):
            symbol = self._rows.symbols[row]
            self._send(
                wire.SnapshotRequest(
                    request_id, symbol.market, symbol.symbol, self._levels, symbol.variant
                )
            )

    def on_reply(self, reply: wire.SnapshotReply) -> None:
        """The supervisor's answer; one that nobody waits for any more is dropped."""
        row = self._resync.symbol_of(reply.request_id)
        if row is None:
            return
        if reply.status != 200:
            shown = reply.body[:SHOWN].decode("utf-8", "replace")
            self._try_later(row, f"no snapshot ({reply.error or f'HTTP {reply.status}: {shown}'})")
            return
        result, error = self._engine.snapshot(row, reply.body)
        if result in (SnapshotResult.LIVE, SnapshotResult.HELD, SnapshotResult.UNWANTED):
            self._resync.forget(row)
        elif result is SnapshotResult.UNREADABLE:
            self._try_later(row, f"snapshot refused ({error})")
            if error == "INEXACT":
                self._widening.ask(row, *needed_exponents(reply.body))
        else:
            self._resync.retry_soon(row, time.monotonic())

    def _try_later(self, row: int, why: str) -> None:
        delay = self._resync.retry_later(row, time.monotonic())
        log.warning("%s: %s, asking again in %.0f s", self._rows.symbol_name(row), why, delay)
