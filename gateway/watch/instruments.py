"""Slots of every instrument → its state and prices, with what its streams say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.watch.places import SECTIONS, Places
from gateway.watch.readings import Instrument, Number
from gateway.watch.states import worst
from gateway.watch.streams import Together
from gateway_client import Status
from gateway_client.layout import NULL, SIZES, SectionKind
from gateway_client.plain.sections import CELLS
from gateway_client.tables import columns
from gateway_client.values import STATUSES

# The prices that are shown, in the layout's order; of a book its state alone.
_PRICES: Final[Mapping[SectionKind, tuple[str, ...]]] = {
    SectionKind.QUOTE: ("bid_px", "bid_qty", "ask_px", "ask_qty"),
    SectionKind.BOOK: (),
    SectionKind.LAST_TRADE: ("px",),
    SectionKind.TICKER: ("last_px",),
    SectionKind.MARK_PRICE: ("mark_px", "index_px"),
}
_TRADE_BYTES: Final = 128  # of its cell in all minor versions; it has grown since the first
_MARK_EXPONENT: Final = -8
_NOTHING: Final = Number(None, 0)
_NO_PRICES: Final = (None, None, None, None)
_LIVE: Final = int(Status.LIVE)

Cell = tuple[Any, ...]
"""Number of frames, status, prices."""
Cells = list[Cell | None]
"""By place of the instrument; None where no stream feeds that slot."""


def read(
    places: Places, together: Mapping[int, Together], halted: set[str], now: int
) -> Iterator[Instrument]:
    """Yield every instrument; ``now`` by CLOCK_MONOTONIC in ns."""
    quotes, books, *others = (_cells(places, section) for section in SECTIONS)
    lasts = zip(*others, strict=True)
    known = zip(places.symbols, places.exponents, quotes, books, lasts, strict=True)
    nothing = Together()
    for place, (symbol, exponents, quote, book, (trade, ticker, mark)) in enumerate(known):
        of = together.get(place, nothing)
        bid_px, bid_qty, ask_px, ask_qty = _prices(quote) if quote else _NO_PRICES
        kind, price = _last(trade, ticker, mark, exponents[0])
        yield Instrument(
            symbol, _state(quote, book, of), bid_px, bid_qty, ask_px, ask_qty, *exponents, price,
            kind, tuple(of.frames.items()), of.gaps, _since(of.mono_recv, now), of.streams,
            book is not None, symbol in halted,
        )  # fmt: skip


def _cells(places: Places, section: SectionKind) -> Cells:
    found: Cells = [None] * len(places.symbols)
    prices = _PRICES[section]
    layout = CELLS[section] if prices else "meta"
    size = _TRADE_BYTES if layout == "trade" else SIZES[layout]
    for slots in places.slots[section]:
        data = slots.shard.segment.scan(section, slots.rows, size)
        picked = columns(layout, ("sequence", "status", *prices), (data, size))
        for place, cell in zip(slots.places, picked, strict=True):
            found[place] = cell
    return found


def _state(quote: Cell | None, book: Cell | None, of: Together) -> Status:
    if quote is None and book is None:
        # Trades or statistics alone: there is neither a quote nor a book to ask.
        return of.state if of.streams else Status.EMPTY
    states = {cell[1] for cell in (quote, book) if cell is not None}
    return Status.LIVE if states == {_LIVE} else worst(STATUSES[state] for state in states)


def _since(then: int, now: int) -> int | None:
    # A frame may have come since the clock was read.
    return max(0, now - then) if then else None


def _prices(cell: Cell) -> Sequence[int | None]:
    """Its prices; none where nothing but a state was ever stored in it."""
    prices = cell[2:]
    if not cell[0]:
        return (None,) * len(prices)
    return [None if px == NULL else px for px in prices] if NULL in prices else prices


def _last(
    trade: Cell | None, ticker: Cell | None, mark: Cell | None, px_exponent: int
) -> tuple[str, Number]:
    """The price that comes nearest to "the last one" of what is subscribed."""
    for kind, cell in (("TRADE", trade), ("TICKER", ticker)):
        if cell is not None and (px := _prices(cell)[0]) is not None:
            return kind, Number(px, px_exponent)
    for kind, px in zip(("MARK_PRICE", "INDEX_PRICE"), _prices(mark) if mark else (), strict=False):
        if px is not None:
            return kind, Number(px, _MARK_EXPONENT)
    return "", _NOTHING
