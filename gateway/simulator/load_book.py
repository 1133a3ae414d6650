"""Books for load: every quantity is a function of level and update id, so nothing is remembered.

Pure. Prices stand still, quantities move. Update id n (counted from the instrument's first) gives
the best level of each side a new quantity; each ``STRIDE`` ids a diff ends, which also changes two
deeper levels of each side in turn, or takes them away. So a diff, a best price, a snapshot and the
true book at any id follow from that id alone.
"""

from __future__ import annotations

from typing import Final

from gateway.simulator.listing import Listing
from gateway.simulator.truth import TrueBook, UnknownUpdateId

STRIDE: Final = 100_000  # ids from one diff to the next, far more than best prices in between
LEVELS: Final = 100  # a side
MOVING: Final = 20  # of them, behind the best
A_DIFF: Final = 2  # of those, changed by a diff
ROUND: Final = MOVING // A_DIFF  # diffs after which a level is changed again
JUMP: Final = 40  # ids that other contracts take between a futures diff and the next
_DIFFS_PER_S: Final = 10
_FIRST_ID: Final = 10_000_000_000
_IDS_APART: Final = 7_000_003
_BID, _ASK = 7, 11  # odd, and prime to 10^k - 1, so that each id brings another quantity
_QTY_MAX: Final = 9_999


class LoadBook:
    """One instrument's book, and how far it has come: ``newest`` counts ids from ``first_id``."""

    __slots__ = ("_asks", "_bids", "_listing", "first_id", "newest", "qty_format", "qty_max")

    def __init__(self, listing: Listing, number: int) -> None:
        self.first_id = _FIRST_ID + number * _IDS_APART
        self.newest = 0
        self.qty_format, self.qty_max = _format(listing)
        self._listing = listing
        self._bids = [listing.price(listing.start - level) for level in range(LEVELS)]
        self._asks = [listing.price(listing.start + 1 + level) for level in range(LEVELS)]

    def price(self, is_bid: bool, level: int) -> str:
        """Return the price of a level, 0 the best."""
        return (self._bids if is_bid else self._asks)[level]

    def best_qty(self, is_bid: bool, update: int) -> int:
        """Return the best level's quantity after the ``update``-th id."""
        return 1 + update * (_BID if is_bid else _ASK) % self.qty_max

    def qty(self, level: int, diff: int) -> int:
        """Return the quantity of a level behind the best, on both sides, set by a diff."""
        if level <= MOVING and (diff // ROUND + level) % 4 == 0:
            return 0
        return 1 + (diff * 13 + level * 17) % self.qty_max

    def changed(self, diff: int) -> tuple[int, int]:
        """Return the levels that a diff changes, on both sides, besides the best."""
        first = 1 + diff % ROUND * A_DIFF
        return first, first + 1

    def ago(self, seconds: float) -> int:
        """Return the id, counted from the first, of some seconds ago; diffs come each 100 ms."""
        return max(0, self.newest - round(seconds * _DIFFS_PER_S) * STRIDE)

    def at(self, update_id: int | None = None) -> TrueBook:
        """Return the true book at an id, or now. Raises UnknownUpdateId."""
        update = self.newest if update_id is None else update_id - self.first_id
        if not 0 <= update <= self.newest:
            oldest, newest = self.first_id, self.first_id + self.newest
            raise UnknownUpdateId(self.first_id + update, oldest, newest)
        return TrueBook(self.first_id + update, self._side(True, update), self._side(False, update))

    def _side(self, is_bid: bool, update: int) -> list[tuple[str, str]]:
        quantities = [self.best_qty(is_bid, update)]
        for level in range(1, LEVELS):
            diff = update // STRIDE if level <= MOVING else 0
            since = (diff - (level - 1) // A_DIFF) % ROUND  # diffs since it was changed
            quantities.append(self.qty(level, diff - since if level <= MOVING else 0))
        return [
            (self.price(is_bid, level), self.text(qty))
            for level, qty in enumerate(quantities)
            if qty
        ]

    def text(self, qty: int) -> str:
        """Write a quantity."""
        return self.qty_format % qty


def _format(listing: Listing) -> tuple[str, int]:
    """Return how quantities are written, with one ``%d``, and the largest that fits."""
    zeros = len(str(listing.step)) - 1  # a step is a power of ten of the last digit
    decimals = listing.qty_decimals - zeros
    if decimals > 0:
        return f"0.%0{decimals}d{'0' * zeros}", min(10**decimals - 1, _QTY_MAX)
    return "%d." + "0" * zeros if zeros else "%d", _QTY_MAX
