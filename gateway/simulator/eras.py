"""The truth of an instrument whose ids may begin anew: one ``Truth`` for each numbering.

Pure. Numberings never share an id: each begins below half of where the lowest one before it began,
and ids grow far too slowly to catch up. So an id alone says which numbering it is of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from random import Random
from typing import Final, Generic, TypeVar

from gateway.simulator.truth import TrueBook, Truth, UnknownUpdateId

LOWEST_ID: Final = 1_000  # below which no numbering begins
PAST_KEPT_S: Final = 600  # of marks, one a second

C = TypeVar("C")


class NoLowerIds(ValueError):
    """The numbering has begun anew so often that there is no lower one left."""


def lower_id(lowest: int, random: Random) -> int:
    """Return an id to begin anew with. Raises NoLowerIds."""
    if lowest // 3 < LOWEST_ID:
        raise NoLowerIds(f"ids that begin at {lowest} cannot begin lower")
    return random.randint(lowest // 3, lowest // 2)


class Eras(Generic[C]):
    """All numberings of one book, oldest first. ``current`` is that of now."""

    def __init__(self, truth: Truth[C]) -> None:
        self.begins = [truth.newest]
        self._truths = [truth]
        self._marks: deque[tuple[int, int]] = deque(maxlen=PAST_KEPT_S)  # ms, update id

    @property
    def current(self) -> Truth[C]:
        """Return the truth that is appended to."""
        return self._truths[-1]

    @property
    def count(self) -> int:
        """Return how many numberings there were."""
        return len(self._truths)

    def truth(self, number: int) -> Truth[C]:
        """Return a numbering by its place, 0 the first."""
        return self._truths[number]

    def begin(self, truth: Truth[C]) -> None:
        """Number anew; ``truth`` has a whole book and no change yet."""
        assert truth.newest < min(self.begins), "ids must begin lower than ever"
        self.begins.append(truth.newest)
        self._truths.append(truth)

    def book_at(self, update_id: int) -> TrueBook:
        """Return the book right after an id of any numbering. Raises UnknownUpdateId."""
        number = next(
            (n for n, begin in enumerate(self.begins) if begin <= update_id), self.count - 1
        )
        return self._truths[number].book_at(update_id)

    def mark(self, ms: int) -> None:
        """Remember which id the book has now."""
        self._marks.append((ms, self.current.newest))

    def book_before(self, ms: int) -> TrueBook:
        """Return the book as it was at ``ms``, within a second; the oldest known at the worst."""
        place = bisect_right(self._marks, ms, key=lambda mark: mark[0]) - 1
        if place < 0 and not self._marks:
            return self.current.newest_book()
        for _, update_id in list(self._marks)[max(0, place) :]:
            try:
                return self.book_at(update_id)
            except UnknownUpdateId:  # forgotten already
                continue
        return self.current.newest_book()
