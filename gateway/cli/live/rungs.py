"""One book as a ladder. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.cli.live.styles import BAD, BOLD, DIM, state
from gateway.cli.live.text import Line, columns_of, fit, flow, width_of
from gateway.cli.numbers import NOTHING, duration, rate
from gateway.watch.changes import Row
from gateway.watch.ladder import Ladder, Rung, ladder_of
from gateway_client import Book

_TITLES: Final = (("cumulated", "quantity", "bid"), ("cumulated", "quantity", "ask"))
_APART: Final = "  "
_BETWEEN: Final = (" │ ", DIM)
_BAR_LEAST: Final = 6
_BAR_MOST: Final = 50
_SCALE: Final = 11  # columns of the imbalance; odd, so that it has a middle

Cells = tuple[str, str, str]
"""Cumulated, quantity, price."""


def rungs(symbol: str, row: Row | None, book: Book | None, width: int, height: int) -> list[Line]:
    """Return the page of one book, ``height`` lines at most; ``row`` None: not carried any more."""
    if book is None or row is None:
        return [_head(symbol, [("is not carried (any more)", BAD)], width)]
    head = [*_of_book(row, book, width), []]
    if not row.of.has_book:
        return [*head, [("no order book of it is subscribed", DIM)]]
    found = ladder_of(book)
    if not found.bids and not found.asks:
        return [*head, [("the book is empty", DIM)]]
    return [*head, *_levels(found, width, max(1, height - len(head) - 1))]


def _head(symbol: str, more: Line, width: int) -> Line:
    return flow([[(symbol, BOLD)], more], width)[0]


def _of_book(row: Row, book: Book, width: int) -> list[Line]:
    found = ladder_of(book)
    word, style = state(book.state)
    trust = f"{word}" if book.is_live else f"{word}: not to be traded on"
    age = f"{duration(book.age_ns)} ago" if book.ts_recv else "no data yet"
    said = [
        [(book.symbol, BOLD)], [(trust, f"bold {style}" if book.is_live else BAD)], [(age, "")],
        [(f"update {book.update_id}", DIM)], [(f"{rate(row.rate)} frames/s", "")],
    ]  # fmt: skip
    return [
        *flow(said, width, "  "),
        *flow([_spread(found), _middle(found), _imbalance(found)], width),
        *flow([_complete(book, found), _sums(found)], width),
    ]


def _spread(found: Ladder) -> Line:
    if found.spread is None or found.spread_bps is None:
        return [("spread ", DIM), (NOTHING, "")]
    text = f"{found.px(found.spread)} ({found.spread_bps:.3g} bps)"
    return [("spread ", DIM), (text, BAD if found.spread <= 0 else "")]


def _middle(found: Ladder) -> Line:
    middle = found.middle
    text = NOTHING if middle is None else f"{middle:.{1 - found.px_exponent}f}"
    return [("middle ", DIM), (text, "")]


def _imbalance(found: Ladder) -> Line:
    """The number, and a scale of which bids take the left part."""
    share = found.imbalance
    if share is None:
        return [("imbalance ", DIM), (NOTHING, "")]
    bids = round((share + 1) / 2 * _SCALE)
    return [
        ("imbalance ", DIM), (f"{share:+.2f} ", ""), ("bids ", DIM), ("█" * bids, "green"),
        ("░" * (_SCALE - bids), "red"), (" asks", DIM),
    ]  # fmt: skip


def _complete(book: Book, found: Ladder) -> Line:
    """To which prices the gateway knows every level, which may be far beyond what is shown."""
    bid, ask = book.bid_complete_px_mantissa, book.ask_complete_px_mantissa
    if not book.bid_total and not book.ask_total:
        return [("no level is known", DIM)]
    if bid is None and ask is None:
        return [("every level is known", "")]
    low = found.px(bid) if bid is not None else "the last bid"
    high = found.px(ask) if ask is not None else "the last ask"
    return [("every level is known from ", DIM), (low, ""), (" to ", DIM), (high, "")]


def _sums(found: Ladder) -> Line:
    return [(f"levels {len(found.bids)} + {len(found.asks)}", DIM)]


def _levels(found: Ladder, width: int, room: int) -> Iterator[Line]:
    """Yield titles and levels; bars where there is room, as long as what is cumulated."""
    bids, asks = found.bids[:room], found.asks[:room]
    left, right = [_texts(found, each) for each in bids], [_texts(found, each) for each in asks]
    widths = [max(map(columns_of, column)) for column in zip(*_TITLES, *left, *right, strict=True)]
    half = (width - columns_of(_BETWEEN[0])) // 2
    bar = min(_BAR_MOST, half - sum(widths) - 3 * len(_APART))
    bar = bar if bar >= _BAR_LEAST else 0
    most = max((side[-1].cumulated for side in (bids, asks) if side), default=0)
    bid, ask = (_half(texts, widths, "", bar, BOLD) for texts in _TITLES)
    yield _joined(bid, ask, half)
    for at in range(max(len(bids), len(asks))):
        bid = _level(bids, left, at, widths, bar, most, "green")
        yield _joined(bid, _level(asks, right, at, widths, bar, most, "red"), half)


def _texts(found: Ladder, rung: Rung) -> Cells:
    return found.qty(rung.cumulated), found.qty(rung.qty), found.px(rung.px)


def _level(
    side: Sequence[Rung], texts: Sequence[Cells], at: int, widths: Sequence[int], bar: int,
    most: int, style: str,
) -> Line:  # fmt: skip
    if at >= len(side):
        return _half(("", "", ""), widths, "", bar, "")
    length = round(bar * side[at].cumulated / most) if most > 0 else 0
    return _half(texts[at], widths, "█" * length, bar, style)


def _half(cells: Cells, widths: Sequence[int], drawn: str, bar: int, style: str) -> Line:
    """One side of a level as it stands on the left: bar, cumulated, quantity, price."""
    line: Line = [(fit(drawn, bar, ">"), style), (_APART, "")] if bar else []
    for n, (text, width) in enumerate(zip(cells, widths, strict=True)):
        line += [(_APART, "")] if n else []
        line.append((fit(text, width, ">"), style if n == 2 or style == BOLD else ""))
    return line


def _joined(bid: Line, ask: Line, half: int) -> Line:
    """Both sides of a level; that of the asks mirrored, its bar to the right."""
    missing = max(0, half - width_of(bid))
    mirrored = [(text[::-1] if set(text) <= {" ", "█"} else text, style) for text, style in ask]
    return [(" " * missing, ""), *bid, _BETWEEN, *mirrored[::-1]]
