"""The true book at any update id that was kept: a change log with checkpoints.

Pure. The log holds what the owner appends (a captured frame, a single change), not books; every
``checkpoint_every`` changes the whole book is copied, and a question is answered from the nearest
copy before it. With ``changes_max`` the oldest part is forgotten, a checkpoint's stretch at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PriceQty = Sequence[str]  # price and quantity, the venue's own text
Levels = tuple[Iterable[PriceQty], Iterable[PriceQty]]  # bids, asks; quantity 0 removes
C = TypeVar("C")


class UnknownUpdateId(LookupError):
    """No true book is known at ``update_id``; those from ``oldest`` to ``newest`` may be asked."""

    def __init__(self, update_id: int, oldest: int, newest: int) -> None:
        super().__init__(update_id, oldest, newest)
        self.update_id = update_id
        self.oldest = oldest
        self.newest = newest

    def __str__(self) -> str:
        if self.update_id < self.oldest:
            return f"update id {self.update_id} is too old, the oldest kept is {self.oldest}"
        return f"no event ends with update id {self.update_id} (newest {self.newest})"


@dataclass(frozen=True, slots=True)
class TrueBook:
    """A whole book, best level first, texts as the venue writes them."""

    update_id: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class Book:
    """Price levels of both sides by numeric price, so that 1.10 and 1.1 are one level."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids: dict[float, tuple[str, str]] = {}
        self.asks: dict[float, tuple[str, str]] = {}

    def apply(self, levels: Levels) -> None:
        """Set absolute quantities; 0 removes, also a level that is not there."""
        for side, changes in zip((self.bids, self.asks), levels, strict=True):
            for price, qty in changes:
                if float(qty):
                    side[float(price)] = (price, qty)
                else:
                    side.pop(float(price), None)

    def copy(self) -> Book:
        """Return a book of its own with the same levels."""
        twin = Book()
        twin.bids, twin.asks = self.bids.copy(), self.asks.copy()
        return twin

    def at(self, update_id: int) -> TrueBook:
        """Return the levels in order, best first."""
        bids = [self.bids[price] for price in sorted(self.bids, reverse=True)]
        return TrueBook(update_id, bids, [self.asks[price] for price in sorted(self.asks)])


class Truth(Generic[C]):
    """One instrument's history. One owner appends, in order of update ids."""

    def __init__(
        self,
        levels_of: Callable[[C], Levels],
        *,
        checkpoint_every: int = 512,
        changes_max: int | None = None,
    ) -> None:
        self._levels_of = levels_of
        self._every = checkpoint_every
        self._max = changes_max
        self._book = Book()
        self._first = 0  # absolute number of the first change kept
        self._ids: list[int] = []
        self._changes: list[C] = []
        self._checkpoints: list[tuple[int, int, Book]] = []  # changes before it, update id, book

    def start(self, update_id: int, bids: Iterable[PriceQty], asks: Iterable[PriceQty]) -> None:
        """Begin with a whole book; called once, before the first change."""
        self._book.apply((bids, asks))
        self._checkpoints.append((0, update_id, self._book.copy()))

    @property
    def count(self) -> int:
        """Return how many changes were ever appended."""
        return self._first + len(self._ids)

    @property
    def oldest(self) -> int:
        """Return the oldest update id that may be asked."""
        return self._checkpoints[0][1]

    @property
    def newest(self) -> int:
        """Return the newest update id that may be asked."""
        return self._ids[-1] if self._ids else self._checkpoints[-1][1]

    def append(self, update_id: int, change: C, levels: Levels | None = None) -> None:
        """Append a change that ends with ``update_id``; ``levels`` spares decoding it again."""
        self._book.apply(self._levels_of(change) if levels is None else levels)
        self._ids.append(update_id)
        self._changes.append(change)
        if self.count - self._checkpoints[-1][0] >= self._every:
            self._checkpoints.append((self.count, update_id, self._book.copy()))
            self._forget()

    def _forget(self) -> None:
        while self._max is not None and self.count - self._checkpoints[1][0] >= self._max:
            surplus = self._checkpoints[1][0] - self._first
            del self._ids[:surplus], self._changes[:surplus]
            self._first += surplus
            del self._checkpoints[0]

    def changes(self, start: int) -> list[C]:
        """Return the changes from absolute number ``start`` on; they must still be kept."""
        assert start >= self._first, "asked for changes that were forgotten"
        return self._changes[start - self._first :]

    def newest_book(self) -> TrueBook:
        """Return the book after all that was appended."""
        return self._book.at(self.newest)

    def book_at(self, update_id: int) -> TrueBook:
        """Return the book right after ``update_id``.

        Raises UnknownUpdateId when it is too old, too new, or inside an event.
        """
        end = bisect_right(self._ids, update_id)
        is_known = (end and self._ids[end - 1] == update_id) or any(
            update_id == known for _, known, _ in self._checkpoints[:1]
        )
        if not is_known:
            raise UnknownUpdateId(update_id, self.oldest, self.newest)
        position = bisect_right(self._checkpoints, self._first + end, key=lambda c: c[0]) - 1
        before, _, checkpoint = self._checkpoints[position]
        book = checkpoint.copy()
        for change in self._changes[before - self._first : end]:
            book.apply(self._levels_of(change))
        return book.at(update_id)
