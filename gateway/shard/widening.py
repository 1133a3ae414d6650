"""Instruments whose exponents turned out too coarse: asked for anew, and moved to a new row.

exchangeInfo has the steps of today; a frame may still need finer ones. Nothing is ever rounded: the
row's slots leave LIVE until the instrument has a row that holds the value.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec
import orjson

from gateway import plan as wire
from gateway.core.engine import NO_ROW, Notice, NoticeCode
from gateway.layout import Market
from gateway.shard.precision import FINER, PLACES_MAX, needed_exponents, widened

log = logging.getLogger("gateway.shard")

FRAMES_KEPT = 64  # until the notices of their batch are read


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    symbols: dict[int, wire.PlanSymbol]

    def symbol_name(self, row: int) -> str: ...

    def stream_name(self, row: int) -> str: ...

    def symbol_of(self, stream: str) -> int: ...

    def rows_of(self, market: Market, symbol: str) -> list[int]: ...

    def replace_symbol(self, old: int, symbol: wire.PlanSymbol) -> int: ...


class Widening:
    """The instruments that wait for exchangeInfo, by symbol row."""

    def __init__(
        self,
        rows: Rows,
        send: Callable[[wire.InstrumentRequest], None],
        on_moved: Callable[[int, int], None],
    ) -> None:
        """``on_moved(old, new)``: an instrument has another row now."""
        self._rows = rows
        self._send = send
        self._on_moved = on_moved
        self._frames: list[tuple[Market, bytes]] = []
        self._needed: dict[int, tuple[int, int]] = {}  # exponents

    def keep(self, market: Market, frame: bytes) -> None:
        """A frame was refused; the notices that follow say whether for this."""
        if len(self._frames) < FRAMES_KEPT:
            self._frames.append((market, frame))

    def on_notices(self, notices: list[Notice]) -> None:
        """Ask for the instruments that a value was too fine for."""
        inexact = {notice.row for notice in notices if notice.code is NoticeCode.INEXACT}
        if inexact:
            told = {row: (0, 0) for row in inexact}
            for row, body in self._refused(notices):
                if row in told:
                    (px, qty), (more_px, more_qty) = told[row], needed_exponents(body)
                    told[row] = min(px, more_px), min(qty, more_qty)
            for row, (px, qty) in told.items():
                self.ask(row, px, qty)
        self._frames.clear()

    def _refused(self, notices: Iterable[Notice]) -> Iterator[tuple[int, bytes]]:
        """What was refused, by symbol row: whole frames, and rows of arrays, which notices tell."""
        for market, frame in self._frames:
            yield self._row_of(market, frame), frame
        for notice in notices:
            if notice.code is NoticeCode.UNREADABLE and notice.error == "INEXACT":
                yield self._rows.symbol_of(self._rows.stream_name(notice.row)), notice.head

    def _row_of(self, market: Market, frame: bytes) -> int:
        with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
            name = f"{market.name.lower()}:{orjson.loads(frame).get('stream')}"
            return self._rows.symbol_of(name)
        return NO_ROW

    def ask(self, row: int, px_exponent: int, qty_exponent: int) -> None:
        """An instrument needs exponents as fine as these."""
        symbol = self._rows.symbols.get(row)
        if symbol is None:
            return
        if px_exponent >= symbol.px_exponent and qty_exponent >= symbol.qty_exponent:
            # The value is not at hand, or what was refused is longer than what is kept of it.
            px_exponent = max(symbol.px_exponent - FINER, -PLACES_MAX)
            qty_exponent = max(symbol.qty_exponent - FINER, -PLACES_MAX)
        is_asked = row in self._needed
        px, qty = self._needed.get(row, (symbol.px_exponent, symbol.qty_exponent))
        self._needed[row] = min(px, px_exponent), min(qty, qty_exponent)
        if not is_asked:
            self._send(wire.InstrumentRequest(symbol.market, symbol.symbol))

    def on_reply(self, reply: wire.InstrumentReply) -> None:
        """exchangeInfo as it is now; None: the venue does not list it."""
        for row in self._rows.rows_of(reply.market, reply.symbol):
            if row in self._needed:
                self._widen(row, *self._needed.pop(row), reply.instrument)

    def _widen(self, row: int, px: int, qty: int, listed: wire.PlanSymbol | None) -> None:
        now = self._rows.symbols[row]
        known = listed or now
        # exchangeInfo has the steps of today; what the frame needed may be finer still.
        finer = widened(known, min(px, known.px_exponent), min(qty, known.qty_exponent))
        finer = msgspec.structs.replace(finer, variant=now.variant, is_halted=now.is_halted)
        name = self._rows.symbol_name(row)
        if (finer.px_exponent, finer.qty_exponent) >= (now.px_exponent, now.qty_exponent):
            log.error("%s: the venue sends values that no exponent we allow holds", name)
            return
        new = self._rows.replace_symbol(row, finer)
        if new == NO_ROW:
            log.error("%s: no room for a row with finer exponents; it stays out of step", name)
            return
        self._on_moved(row, new)
        exponents = finer.px_exponent, finer.qty_exponent
        log.info("%s: moved to row %d, exponents %d %d", name, new, *exponents)
