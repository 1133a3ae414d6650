"""Compares what a slot shows with what is true. Pure: texts of what differs come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.layout import Flag
from tests.trust.reader import BookRead
from tests.trust.truth import Book, Level, digits

LEVELS_SHOWN = 20
NS_PER_MS = 1_000_000
FINE = 8  # decimals of prices off the tick

# The venue's letter -> field of the cell, and how the text is written there.
Letters = Mapping[str, tuple[str, str]]
TICKER: Letters = {
    "c": ("last_px", "px"), "Q": ("last_qty", "qty"), "b": ("bid_px", "px"),
    "B": ("bid_qty", "qty"), "a": ("ask_px", "px"), "A": ("ask_qty", "qty"),
    "o": ("open_px", "px"), "h": ("high_px", "px"), "l": ("low_px", "px"),
    "x": ("prev_close_px", "px"), "p": ("change_px", "px"), "P": ("change_percent", "fine"),
    "w": ("average_px", "fine"), "v": ("volume", "float"), "q": ("quote_volume", "float"),
    "O": ("open_time", "ms"), "C": ("close_time", "ms"), "F": ("first_trade_id", "id"),
    "L": ("last_trade_id", "id"), "n": ("trade_count", "id"),
}  # fmt: skip
CANDLE: Letters = {
    "o": ("open_px", "px"), "h": ("high_px", "px"), "l": ("low_px", "px"),
    "c": ("close_px", "px"), "v": ("volume", "float"), "q": ("quote_volume", "float"),
    "V": ("taker_volume", "float"), "Q": ("taker_quote_volume", "float"),
    "t": ("open_time", "ms"), "T": ("close_time", "ms"), "f": ("first_trade_id", "id"),
    "L": ("last_trade_id", "id"), "n": ("trade_count", "id"),
}  # fmt: skip
MARK: Letters = {
    "p": ("mark_px", "fine"), "ap": ("mark_average_px", "fine"), "i": ("index_px", "fine"),
    "P": ("settle_px", "fine"), "r": ("funding_rate", "fine"), "T": ("next_funding_time", "ms"),
}  # fmt: skip
ORDER: Letters = {
    "p": ("px", "px"), "ap": ("average_px", "fine"), "q": ("qty", "qty"),
    "l": ("last_filled_qty", "qty"), "z": ("filled_qty", "qty"),
}  # fmt: skip


def book_differences(read: BookRead, true: Book) -> Iterator[str]:
    """What is wrong with a book that is called LIVE."""
    if read.bids and read.asks and read.bids[0][0] >= read.asks[0][0]:
        yield f"crossed, {read.bids[0]} >= {read.asks[0]}"
    best_bids, best_asks = true.bids.best(LEVELS_SHOWN, True), true.asks.best(LEVELS_SHOWN, False)
    yield from _side("bids", read.bids, best_bids, read.bid_complete, 1)
    yield from _side("asks", read.asks, best_asks, read.ask_complete, -1)
    # So many levels are there truly, to where the book is said to be known.
    totals = (
        ("bids", read.bid_total, true.bids.between(read.bid_complete, None)),
        ("asks", read.ask_total, true.asks.between(None, read.ask_complete)),
    )
    for side, total, truth in totals:
        if total != truth:
            yield f"{side}: {total} levels are held, {truth} are true"


def _side(
    name: str, shown: list[Level], truth: list[Level], end: int | None, sign: int
) -> Iterator[str]:
    """``end``: the price to which all levels are said to be known; ``sign`` 1: bids."""
    within = truth if end is None else [level for level in truth if (level[0] - end) * sign >= 0]
    if not shown:
        yield f"{name}: nothing is shown"
    if shown != within[: len(shown)]:
        at = next(i for i, level in enumerate(shown) if [level] != within[i : i + 1])
        yield f"{name}: level {at} is {shown[at]}, truly {within[at : at + 1]}"
    elif len(shown) < len(within):
        yield f"{name}: {len(shown)} levels are shown, {len(within)} are true, to {end}"


def event_differences(
    suffix: str, event: Mapping[str, Any], cell: Any, decimals: tuple[int, int]
) -> Iterator[str]:
    """What a cell shows otherwise than the event of which it is said to be."""
    letters, said = TICKER, event
    if suffix.startswith("kline"):
        letters, said = CANDLE, event["k"]
        if bool(cell.flags & Flag.CLOSED) != said["x"]:
            yield f"closed is {not said['x']}, truly {said['x']}"
    elif suffix.startswith("markPrice"):
        letters = MARK
    elif suffix == "forceOrder":
        letters, said = ORDER, event["o"]
    for letter, (field, how) in letters.items():
        if letter in said:
            true, shown = _number(said[letter], how, decimals), getattr(cell, field)
            if shown != true:
                yield f"{field} is {shown}, truly {true}"


def _number(value: Any, how: str, decimals: tuple[int, int]) -> float:
    match how:
        case "px":
            return digits(value, decimals[0])
        case "qty":
            return digits(value, decimals[1])
        case "fine":
            return digits(value, FINE)
        case "ms":
            return int(value) * NS_PER_MS
        case "id":
            return max(0, int(value))  # -1: there was no trade
    return float(value)
