"""What is true: every book at every update id, every trade, as the simulated market made them.

An independent witness: it hears of each change when it happens, keeps its own books and shares no
code with the gateway. Prices and quantities are integers in units of the text's last decimal.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

Level = tuple[int, int]
Change = tuple[bool, int, int]  # is a bid, price, quantity
CHECKPOINT_EVERY = 2000  # changes


def digits(text: str, decimals: int) -> int:
    """A decimal text in units of 10^-decimals; it must come out even."""
    whole, _, rest = text.partition(".")
    assert not rest[decimals:].strip("0"), f"{text} is finer than {decimals} decimals"
    return int(whole + rest[:decimals].ljust(decimals, "0"))


class Side:
    """Price -> quantity, and the prices in rising order."""

    def __init__(self, levels: Iterable[Level] = ()) -> None:
        self.qty = dict(levels)
        self.prices = sorted(self.qty)

    def set(self, price: int, qty: int) -> None:
        if qty:
            if price not in self.qty:
                insort(self.prices, price)
            self.qty[price] = qty
        elif self.qty.pop(price, None) is not None:
            del self.prices[bisect_left(self.prices, price)]

    def between(self, low: int | None, high: int | None) -> int:
        """How many levels there are from one price to another, inclusive; None: to the end."""
        first = 0 if low is None else bisect_left(self.prices, low)
        return (len(self.prices) if high is None else bisect_right(self.prices, high)) - first

    def best(self, count: int, is_bid: bool) -> list[Level]:
        prices = self.prices[: -count - 1 : -1] if is_bid else self.prices[:count]
        return [(price, self.qty[price]) for price in prices]


class Book:
    """Both sides at one moment."""

    def __init__(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids, self.asks = Side(bids), Side(asks)

    def set(self, change: Change) -> None:
        is_bid, price, qty = change
        (self.bids if is_bid else self.asks).set(price, qty)

    def copy(self) -> Book:
        return Book(self.bids.qty.items(), self.asks.qty.items())


class TrueBooks:
    """One instrument's book at any update id. Ids rise, but for restarts: then an era begins."""

    def __init__(self, update_id: int, bids: list[Level], asks: list[Level]) -> None:
        self.now = Book(bids, asks)
        self.update_id = update_id
        self.era = 0
        self._ids: list[list[int]] = [[update_id]]
        self._places: list[list[int]] = [[0]]  # how many changes were made by then
        self._changes: list[Change] = []
        self._checkpoints: list[tuple[int, Book]] = [(0, self.now.copy())]
        self._cursor = (0, self.now.copy())

    def restart(self, update_id: int) -> None:
        """Ids begin anew from here; the book stays as it is."""
        self.era += 1
        self.update_id = update_id
        self._ids.append([update_id])
        self._places.append([len(self._changes)])

    def add(self, update_id: int, change: Change) -> None:
        assert update_id > self.update_id
        self.update_id = update_id
        self._changes.append(change)
        self.now.set(change)
        self._ids[-1].append(update_id)
        self._places[-1].append(len(self._changes))
        if len(self._changes) % CHECKPOINT_EVERY == 0:
            self._checkpoints.append((len(self._changes), self.now.copy()))

    def era_of(self, update_id: int) -> int | None:
        """The era that knew this very id; no two have an id in common."""
        eras = range(self.era, -1, -1)
        return next((era for era in eras if self._place(era, update_id) is not None), None)

    def _place(self, era: int, update_id: int) -> int | None:
        ids = self._ids[era]
        at = bisect_left(ids, update_id)
        return self._places[era][at] if at < len(ids) and ids[at] == update_id else None

    def at(self, era: int, update_id: int) -> Book:
        """The book right after an id of an era. Not to be changed, and gone with the next call."""
        place = self._place(era, update_id)
        assert place is not None
        at, book = self._cursor
        if place < at:
            at, kept = next(c for c in reversed(self._checkpoints) if c[0] <= place)
            book = kept.copy()
        for change in self._changes[at:place]:
            book.set(change)
        self._cursor = (place, book)
        return book
