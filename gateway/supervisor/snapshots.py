"""What the control request ``snapshot`` answers: books as JSON, exact. Pure.

A book is::

    {"state": "LIVE", "reason": "NONE", "epoch": "1795362932877000001",
     "stream": "spot:btcusdt@depth@100ms", "sequence": 4711, "update_id": 29320829743,
     "ring_position": "1048576", "ts_event": 1795362932877000000,
     "px_exponent": -2, "qty_exponent": -5,
     "bids": [["60999.97", "0.03691"], …], "asks": […],
     "bid_complete": "60120.00", "ask_complete": null}

Levels are the best first. Numbers that may be over 2^53 are strings. The book is that of the
stream's event ``sequence`` and of the ring at ``ring_position``: whoever goes on with what comes
after those misses nothing and sees nothing twice. ``bid_complete``: every bid from the best to this
price is there, and what lies beyond is not known; null: all of them are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway import decimals
from gateway.layout import NULL, Kind, Reason, Status
from gateway.plan import BookReply
from gateway.streams import Stream
from gateway.supervisor.requests import BUSY, Outcome, Refusal

NO_SUCH: Final = 67
DOWN: Final = Refusal("its shard is down or does not answer; ask again", BUSY)
_CARRIED_SHOWN: Final = 8

Texts = list[tuple[str, str]]


@dataclass(slots=True)
class Books:
    """What a request for snapshots came to."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)

    def add(self, symbol: str, reply: BookReply | None, levels: int) -> None:
        """Note what a shard said of the book of ``symbol``; None: nothing."""
        if reply is None:
            self.refused[symbol] = DOWN
        elif reply.error:
            self.refused[symbol] = Refusal(reply.error, NO_SUCH)
        else:
            self.found[symbol] = as_json(reply, levels)

    def as_result(self) -> dict[str, Any]:
        """Return it as the ``result`` of a reply."""
        whys = {symbol: refusal.why for symbol, refusal in self.refused.items()}
        return {"books": self.found, "refused": whys, "code": Outcome(refused=self.refused).code}


def books_of(streams: Mapping[str, Stream]) -> dict[str, Stream]:
    """Return the stream of every book that is carried, by the book's symbol as spot:BTCUSDT."""
    return {s.symbol_id: s for s in streams.values() if s.form.kind is Kind.DIFF and s.symbol}


def no_book(carried: Sequence[str]) -> Refusal:
    """Say that a symbol has no book here."""
    shown = ", ".join(sorted(carried)[:_CARRIED_SHOWN]) or "none yet"
    more = len(carried) - _CARRIED_SHOWN
    shown += f" and {more} more" if more > 0 else ""
    why = f"no order book of it is carried; there are {shown}; subscribe its depth stream"
    return Refusal(why, NO_SUCH)


def as_json(reply: BookReply, levels: int = 0) -> dict[str, Any]:
    """Return a book; at most ``levels`` a side, 0: all."""
    bids, bid_complete = _side(reply, reply.bids, reply.bid_complete_px, levels)
    asks, ask_complete = _side(reply, reply.asks, reply.ask_complete_px, levels)
    return {
        "state": Status(reply.status).name,
        "reason": Reason(reply.reason).name,
        "epoch": str(reply.epoch),
        "stream": reply.stream,
        "sequence": reply.sequence,
        "update_id": reply.update_id,
        "ring_position": str(reply.ring_position),
        "ts_event": None if reply.ts_event == NULL else reply.ts_event,
        "px_exponent": reply.px_exponent,
        "qty_exponent": reply.qty_exponent,
        "bids": bids,
        "asks": asks,
        "bid_complete": bid_complete,
        "ask_complete": ask_complete,
    }


def _side(reply: BookReply, packed: bytes, complete: int, levels: int) -> tuple[Texts, str | None]:
    """Return one side and to which price it is complete: what is cut off is not known either."""
    numbers = memoryview(packed).cast("q")
    end = 2 * levels or len(numbers)
    prices = decimals.texts(numbers[:end:2], reply.px_exponent)
    quantities = decimals.texts(numbers[1:end:2], reply.qty_exponent)
    texts = list(zip(prices, quantities, strict=True))
    if end < len(numbers):
        return texts, prices[-1]
    return texts, None if complete == NULL else decimals.text(complete, reply.px_exponent)
