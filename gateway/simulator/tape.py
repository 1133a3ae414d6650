"""What a capture knows about one instrument: its snapshot, its diffs, its truth, its decimals.

Pure. ``SymbolTape`` is fed the capture's snapshot first and then each frame in order; afterwards it
tells the true book at any position of the capture.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from gateway.simulator.names import Kind, Market
from gateway.simulator.truth import Levels, PriceQty, TrueBook, Truth

Diff = tuple[bytes, int]  # a frame's bytes, and where its data begin


def levels_of(diff: Diff) -> Levels:
    """Decode the levels of a captured diff frame."""
    frame, offset = diff
    data = orjson.loads(frame[offset:-1])
    return data["b"], data["a"]


class Decimals:
    """The finest decimals of the numbers seen, and those written (61837.60 has one and two)."""

    def __init__(self) -> None:
        self.finest = 0
        self.shown = 0
        self._fractions: set[str] = set()

    def see(self, texts: Iterable[str]) -> None:
        """Take numbers into account; they count once ``settle`` is called."""
        # A set of tails: there are few, and the loop over all levels runs in C.
        self._fractions.update([text.partition(".")[2] for text in texts])

    def settle(self) -> None:
        """Work out what was seen."""
        for fraction in self._fractions:
            self.shown = max(self.shown, len(fraction))
            self.finest = max(self.finest, len(fraction.rstrip("0")))
        self._fractions.clear()


class SymbolTape:
    """One instrument of a timeline; positions are indices into the timeline's frames."""

    def __init__(self, market: Market, symbol: str) -> None:
        self.market = market
        self.symbol = symbol
        self.price = Decimals()
        self.qty = Decimals()
        self.truth: Truth[Diff] = Truth(levels_of)
        self.snapshot_id: int | None = None
        self.snapshot_position = 0  # frames that arrived before it
        self.broken_at: int | None = None  # position of the first diff that does not follow
        self._positions = array("q")  # of the diffs that the truth holds
        self._final_ids = array("q")
        self._last_id = 0

    def start(self, position: int, body: dict[str, Any]) -> None:
        """Take the capture's REST depth answer, that arrived at ``position``; the first counts."""
        if self.snapshot_id is not None:
            return
        self.snapshot_id = self._last_id = int(body["lastUpdateId"])
        self.snapshot_position = position
        self._see(body["bids"])
        self._see(body["asks"])
        self.truth.start(self.snapshot_id, body["bids"], body["asks"])

    def feed(self, kind: Kind, position: int, data: dict[str, Any], diff: Diff) -> None:
        """Take one frame's data; raises whatever comes of fields that are not as they should be."""
        if kind is Kind.DIFF:
            self._feed_diff(position, data, diff)
        elif kind is Kind.BOOK_TICKER:
            self.price.see((data["b"], data["a"]))
            self.qty.see((data["B"], data["A"]))
        elif kind in (Kind.TRADE, Kind.AGG_TRADE):
            self.price.see((data["p"],))
            self.qty.see((data["q"],))

    def settle(self) -> None:
        """Work out the decimals; called once after the last frame."""
        self.price.settle()
        self.qty.settle()

    def _see(self, levels: Sequence[PriceQty]) -> None:
        self.price.see([level[0] for level in levels])
        self.qty.see([level[1] for level in levels])

    def _feed_diff(self, position: int, data: dict[str, Any], diff: Diff) -> None:
        first, last = int(data["U"]), int(data["u"])
        bids, asks = data["b"], data["a"]
        self._see(bids)
        self._see(asks)
        if self.snapshot_id is None or self.broken_at is not None or last <= self._last_id:
            return
        if not self._follows(first, data.get("pu")):
            self.broken_at = position
            return
        self.truth.append(last, diff, (bids, asks))
        self._positions.append(position)
        self._final_ids.append(last)
        self._last_id = last

    def _follows(self, first: int, previous: int | None) -> bool:
        # Spot: U <= id + 1. Futures: pu <= id, which also holds when the snapshot's id lies
        # between two events ("How to manage a local order book correctly").
        return first <= self._last_id + 1 if previous is None else previous <= self._last_id

    def update_id_at(self, position: int) -> int | None:
        """Return the newest update id of the true book before frame ``position`` is sent.

        Never older than the capture's snapshot; None without one, or after the capture's own gap.
        """
        if self.snapshot_id is None or (self.broken_at is not None and position > self.broken_at):
            return None
        count = bisect_left(self._positions, position)
        return self._final_ids[count - 1] if count else self.snapshot_id

    def book_at(self, update_id: int) -> TrueBook:
        """Return the true book at an event-final id. Raises UnknownUpdateId."""
        return self.truth.book_at(update_id)
