"""Hands out whole books, for late joiners: what the core has now, as the supervisor's message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from gateway.layout import Market
from gateway.plan import BookReply, BookRequest, PlanSymbol

NO_BOOK: Final = "its shard carries no order book of it"


class Book(Protocol):
    """A book as ``Engine.book`` gives it; ``plan.BookReply`` says what each field is."""

    @property
    def status(self) -> int: ...
    @property
    def reason(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def stream(self) -> int: ...  # row
    @property
    def sequence(self) -> int: ...
    @property
    def update_id(self) -> int: ...
    @property
    def ring_position(self) -> int: ...
    @property
    def ts_event(self) -> int: ...
    @property
    def px_exponent(self) -> int: ...
    @property
    def qty_exponent(self) -> int: ...
    @property
    def bids(self) -> bytes: ...
    @property
    def asks(self) -> bytes: ...
    @property
    def bid_complete_px(self) -> int: ...
    @property
    def ask_complete_px(self) -> int: ...


class Books(Protocol):
    """What is needed of ``Engine``."""

    def book(self, symbol: int) -> Book | None: ...


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    @property
    def symbols(self) -> Mapping[int, PlanSymbol]: ...

    def rows_of(self, market: Market, symbol: str) -> Sequence[int]: ...

    def stream_name(self, row: int) -> str: ...


def reply(request: BookRequest, books: Books, rows: Rows) -> BookReply:
    """Return the book that is asked for, or why there is none."""
    row = _row_of(request, rows)
    book = None if row is None else books.book(row)
    if book is None:
        return BookReply(request.request_id, NO_BOOK)
    return BookReply(
        request.request_id,
        status=book.status,
        reason=book.reason,
        epoch=book.epoch,
        stream=rows.stream_name(book.stream),
        sequence=book.sequence,
        update_id=book.update_id,
        ring_position=book.ring_position,
        ts_event=book.ts_event,
        px_exponent=book.px_exponent,
        qty_exponent=book.qty_exponent,
        bids=book.bids,
        asks=book.asks,
        bid_complete_px=book.bid_complete_px,
        ask_complete_px=book.ask_complete_px,
    )


def _row_of(request: BookRequest, rows: Rows) -> int | None:
    """The row in use; of an instrument and its variant, BTCUSDT.RPI, the one that is meant."""
    name = request.row_name
    for symbol in (name, name.rpartition(".")[0]):
        for row in rows.rows_of(request.market, symbol):
            if rows.symbols[row].row_name == name:
                return row
    return None
