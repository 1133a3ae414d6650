"""Second looks at LIVE books: deeper snapshots, and audits against the venue's own book.

Both are one thing to the core: it keeps the book's events beside it until a snapshot that was asked
for later stands at the same update id, compares the two, and takes the new levels over. Which book,
and when, is ``deepening``'s and ``audit``'s; what is in progress ``looking``'s.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from gateway import plan as wire
from gateway.core.engine import Engine, LookResult
from gateway.log import RateLimit
from gateway.markets import FACTS, WEIGHT_PER_MINUTE
from gateway.plan import Need
from gateway.shard.audit import Audits
from gateway.shard.calls import Calls
from gateway.shard.deepening import Deepening
from gateway.shard.depths import Depths, is_whole
from gateway.shard.looking import Look, Looking
from gateway.shard.precision import needed_exponents

log = logging.getLogger("gateway.shard")

LINES = 5  # about looks that failed, in 10 s


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    symbols: dict[int, wire.PlanSymbol]

    def symbol_name(self, row: int) -> str: ...


class Widening(Protocol):
    """What is needed of ``widening.Widening``."""

    def ask(self, row: int, px_exponent: int, qty_exponent: int) -> None: ...


class Looks:
    """The second looks of a shard, by symbol row."""

    def __init__(
        self,
        engine: Engine,
        depths: Depths,
        rows: Rows,
        calls: Calls,
        send: Callable[[wire.SnapshotRequest], None],
        widening: Widening,
        audit_interval_s: float,
    ) -> None:
        """Each LIVE book is audited once in ``audit_interval_s``; 0: none is."""
        self._engine = engine
        self._depths = depths
        self._rows = rows
        self._calls = calls
        self._send = send
        self._widening = widening
        self._deepening = Deepening()
        self._audits = Audits(audit_interval_s)
        self._looking = Looking()
        self._limit = RateLimit(LINES, 10.0)

    # What happens to books.

    def snapshot_is_in(self, row: int, body: bytes, limit: int) -> None:
        """The core took a first snapshot, of ``limit`` levels a side (0: all there are)."""
        is_full = is_whole(body, limit) or limit >= self._depths.full(self._rows.symbols[row])
        self._deepening.snapshot_is_in(row, self._pool(row), is_full, time.monotonic())

    def on_live(self, row: int) -> None:
        """Readers have the book LIVE."""
        self._deepening.is_live(row)
        self._audits.add(row, time.monotonic())

    def on_lost(self, row: int) -> None:
        """Readers have it no more: what is in progress is worth nothing."""
        self._end(row)
        self._deepening.is_lost(row)
        self._audits.remove(row)

    def forget(self, row: int) -> None:
        """The book is gone."""
        self.on_lost(row)
        self._deepening.forget(row)

    def on_thin(self, row: int) -> None:
        """The price has run through most of what the book knows."""
        self._deepening.is_thin(row, time.monotonic())

    # Looks.

    def ask_due(self, now: float, books_waiting: int) -> None:
        """Begin looks and send the requests that are due; deeper books wait for those that have
        nothing at all."""
        if not books_waiting:
            self._begin(self._deepening.next(now, self._pools_for(Need.DEEPEN)), Need.DEEPEN, now)
        # An audit that finds no place is left out: the book has its turn in the next round.
        row = self._audits.next(now)
        if row is not None and self._pool(row) in self._pools_for(Need.AUDIT):
            self._begin(row, Need.AUDIT, now)
        for look in self._looking.due(now):
            self._ask(look, now)
        for look in self._looking.overdue(now):
            self._fail(look.symbol, "nothing was heard of it")

    def _pool(self, row: int) -> str:
        return FACTS[self._rows.symbols[row].market].weight_pool

    def _pools_for(self, need: Need) -> list[str]:
        """The weight pools that a look may be begun for: it is not to wait for a place."""
        pools = WEIGHT_PER_MINUTE if self._looking.has_room else ()
        return [pool for pool in pools if self._calls.has_place(pool, need)]

    def _begin(self, row: int | None, need: Need, now: float) -> None:
        if row is None:
            return
        if self._engine.look_again(row):
            self._looking.begin(row, need, self._depths.full(self._rows.symbols[row]), now)
            self._deepening.begun(row)
        elif need is Need.DEEPEN:
            self._deepening.failed(row, now)

    def _ask(self, look: Look, now: float) -> None:
        symbol, pool = self._rows.symbols[look.symbol], self._pool(look.symbol)
        if not self._calls.has_place(pool, look.need):
            return
        request_id = self._calls.make(pool, look.need, now)
        self._looking.asked(look.symbol, request_id)
        self._send(
            wire.SnapshotRequest(
                request_id, symbol.market, symbol.symbol, look.levels, symbol.variant, look.need
            )
        )

    def unanswered(self, request_id: int) -> None:
        """No answer came."""
        look = self._looking.of_request(request_id)
        if look is not None:
            self._fail(look.symbol, "no answer to the request for a snapshot")

    def on_reply(self, reply: wire.SnapshotReply) -> None:
        """The supervisor's answer; one that nobody waits for any more is dropped."""
        look = self._looking.of_request(reply.request_id)
        if look is None:
            return
        if reply.status != 200:
            self._fail(look.symbol, reply.error or f"HTTP {reply.status}")
            return
        now = time.monotonic()
        self._looking.answered(look.symbol, now)
        result, error = self._engine.second_snapshot(look.symbol, reply.body, reply.limit)
        if result is LookResult.TOO_OLD:
            if not self._looking.is_stale(look.symbol, now):
                self._fail(look.symbol, "the snapshots are too old")
        elif result is not LookResult.STARTED:
            self._fail(look.symbol, f"snapshot refused ({error})")
            if error == "INEXACT":
                self._widening.ask(look.symbol, *needed_exponents(reply.body))

    def on_looked(self, row: int, compared: int, differ: int) -> None:
        """The core has compared: so many levels, of which so many differ."""
        look = self._looking.end(row)
        now = time.monotonic()
        if differ:
            text = "%s: the book differs from the venue's in %d of %d levels; it is fetched anew"
            log.error(text, self._rows.symbol_name(row), differ, compared)
            return
        self._deepening.is_deep(row, now)
        self._audits.add(row, now)
        if look is not None and look.need is Need.AUDIT:
            log.debug("%s: %d levels are the venue's", self._rows.symbol_name(row), compared)

    def on_failed(self, row: int) -> None:
        """The core gave the look up: the book was lost, or what it kept became too much."""
        # An answer that still waits for its turn can be newer than what is kept from now on.
        if not (self._looking.is_waiting(row) and self._engine.look_again(row)):
            self._fail(row, "its stream did not reach the snapshot in time")

    def _fail(self, row: int, why: str) -> None:
        look = self._end(row)
        if look is None:
            return
        now = time.monotonic()
        if look.need is Need.DEEPEN:
            self._deepening.failed(row, now)
        else:
            self._deepening.is_free(row, now)
        more = self._limit.admit(why, now)
        if more is not None:
            what = "deepened" if look.need is Need.DEEPEN else "audited"
            suffix = f" ({more} more like this)" if more else ""
            log.info("%s: not %s: %s%s", self._rows.symbol_name(row), what, why, suffix)

    def _end(self, row: int) -> Look | None:
        look = self._looking.end(row)
        if look is not None:
            self._engine.stop_looking(row)
        return look
