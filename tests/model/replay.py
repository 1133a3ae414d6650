"""A recorded session -> its books by the venue's rules, and how often bookTicker agrees with them.

Prices and quantities stand at 1e-8, whatever the instrument, so that a reader of any segment can
scale to them exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.layout import FIXED_EXPONENT, Kind, Market
from tests.model.book import Level
from tests.model.captures import Event
from tests.model.decode import decode, decode_snapshot
from tests.model.sequencing import BookLife, Diff, Snapshot, Step

Best = tuple[Level | None, Level | None]
EXPONENT: Final = FIXED_EXPONENT


@dataclass
class Truth:
    """What one instrument's frames come to."""

    life: BookLife
    diffs: int = 0
    applied: int = 0
    behind: int = 0
    crossed: int = 0
    breaks: int = 0  # holes in the chain of diffs, snapshot or not
    last_diff_id: int = 0
    bests: dict[int, Best] = field(default_factory=dict)  # update id of an applied diff -> best
    quote_ids: list[int] = field(default_factory=list)
    quotes: list[Best] = field(default_factory=list)

    def on_diff(self, fields: dict[str, Any]) -> None:
        diff = as_diff(fields)
        self.diffs += 1
        self.breaks += bool(self.last_diff_id) and diff.prev_update_id != self.last_diff_id
        self.last_diff_id = diff.last_update_id
        step = self.life.on_diff(diff)
        if step is Step.APPLIED:
            self._note(diff.last_update_id)
        self.behind += step is Step.BEHIND

    def on_snapshot(self, fields: dict[str, Any]) -> None:
        buffered = self.life.buffer
        self.life.buffer = []
        snapshot = Snapshot(fields["last_update_id"], fields["bids"], fields["asks"])
        if self.life.on_snapshot(snapshot) in (Step.LIVE, Step.HELD):
            for diff in buffered:  # one by one, to see the best after each
                step = self.life.on_diff(diff)
                self.behind += step is Step.BEHIND
                if step is Step.APPLIED:
                    self._note(diff.last_update_id)

    def on_quote(self, fields: dict[str, Any]) -> None:
        self.quote_ids.append(fields["update_id"])
        bid, ask = (fields["bid_px"], fields["bid_qty"]), (fields["ask_px"], fields["ask_qty"])
        self.quotes.append((bid, ask))

    def _note(self, update_id: int) -> None:
        self.applied += 1
        self.crossed += self.life.book.is_crossed()
        self.bests[update_id] = self.life.book.best()


def as_diff(fields: dict[str, Any]) -> Diff:
    return Diff(
        fields["first_update_id"], fields["update_id"], fields["prev_update_id"],
        fields["bids"], fields["asks"],
    )  # fmt: skip


def agreement(
    bests: Iterable[tuple[int, Best]], quote_ids: Sequence[int], quotes: Sequence[Best]
) -> tuple[int, int]:
    """Return (matched, compared) of books against bookTicker, as PROVENANCE counts.

    A book at update id u is compared with the last quote whose id is at most u, and only where a
    later quote exists: else that quote may not be the one in force at u.
    """
    matched = compared = 0
    for update_id, best in bests:
        after = bisect_right(quote_ids, update_id)
        if 0 < after < len(quote_ids):
            compared += 1
            matched += quotes[after - 1] == best
    return matched, compared


def truths(market: Market, events: Iterable[Event]) -> dict[str, Truth]:
    """Return symbol -> truth for the diffs, quotes and snapshots of a session."""
    found: dict[str, Truth] = {}
    for event in events:
        symbol = event.symbol or next(iter(found))
        truth = found.get(symbol) or found.setdefault(symbol, Truth(BookLife(market)))
        _, _, kind = event.stream.partition("@")
        if not event.stream:
            truth.on_snapshot(decode_snapshot(event.data, EXPONENT, EXPONENT))
        elif kind.startswith("depth"):
            fields = decode(Kind.DIFF, market, event.data, symbol, EXPONENT, EXPONENT)
            truth.on_diff(fields)
        elif kind == "bookTicker":
            truth.on_quote(decode(Kind.QUOTE, market, event.data, symbol, EXPONENT, EXPONENT))
    return found
