"""Everything that truly happened on the simulated venue, and what its REST API says of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.simulator.changes import Change
from gateway.simulator.market import GeneratedMarket
from gateway.simulator.truth import Truth
from tests.trust.clock import SimulatedTime
from tests.trust.truth import TrueBooks, digits

ID_OF = {"trade": "t", "aggTrade": "a"}
TIMED = ("kline", "ticker", "miniTicker", "markPrice", "forceOrder")


def is_timed(suffix: str) -> bool:
    """Whether a stream's events have no id, so that their time tells them apart."""
    return suffix.startswith(TIMED)


def is_partial(suffix: str) -> bool:
    """Whether it brings the best levels alone: depth5, depth10, depth20."""
    return suffix.startswith("depth") and suffix[5:6].isdigit()


class History:
    """True books by instrument (``spot:BTCUSDT``), true events by stream (``…@trade``)."""

    def __init__(
        self,
        markets: Mapping[str, GeneratedMarket],
        decimals: Mapping[str, tuple[int, int]],
        clock: SimulatedTime,
    ) -> None:
        self.decimals = decimals
        self.books: dict[str, TrueBooks] = {}
        self.events: dict[str, dict[int, dict[str, Any]]] = {}  # trades by id, candles by open time
        self.timed: dict[str, dict[int, dict[str, Any]]] = {}  # by event time in ms
        self.eras: dict[str, list[dict[int, dict[str, Any]]]] = {}  # trades by id, an era each
        self._times: dict[str, list[tuple[int, int, int]]] = {}  # ns, era, update id
        self._clock = clock
        for name, market in markets.items():
            self._begin(name, market)

    def _begin(self, name: str, market: GeneratedMarket) -> None:
        px, qty = self.decimals[name]

        def levels(side: Any) -> list[tuple[int, int]]:
            return [(digits(p, px), digits(q, qty)) for p, q in market.texts(side)]

        book = TrueBooks(market.update_id, levels(market.bids), levels(market.asks))
        times = self._times[name] = [(0, 0, market.update_id)]
        begin = market.eras.begin

        def tap(truth: Truth[Change]) -> None:
            keep = truth.append

            def append(update_id: int, change: Change, levels: Any = None) -> None:
                numbers = digits(change.price, px), digits(change.qty, qty)
                book.add(update_id, (change.is_bid, *numbers))
                times.append((self._clock.real_ns, book.era, update_id))
                keep(update_id, change, levels)

            truth.append = append  # type: ignore[method-assign]

        def begin_anew(truth: Truth[Change]) -> None:
            book.restart(truth.newest)
            times.append((self._clock.real_ns, book.era, truth.newest))
            tap(truth)
            begin(truth)

        self.books[name] = book
        market.eras.begin = begin_anew  # type: ignore[method-assign]
        tap(market.truth)

    def note(self, key: str, data: bytes) -> None:
        """A payload left the market."""
        suffix = key.partition("@")[2]
        if suffix in ID_OF:
            event = orjson.loads(data)
            number = event[ID_OF[suffix]]
            eras = self.eras.setdefault(key, [{}])
            if eras[-1] and number <= next(reversed(eras[-1])):
                eras.append({})  # ids began anew
            eras[-1][number] = event
            self.events.setdefault(key, {})[number] = event
        elif is_timed(suffix):
            event = orjson.loads(data)
            self.timed.setdefault(key, {})[event["E"]] = event
            if "k" in event:
                self.events.setdefault(key, {})[event["k"]["t"]] = event

    def era_of(self, key: str, number: int) -> int:
        """How often the ids of a stream of trades had begun anew when this one was given."""
        eras = self.eras[key]
        return next((era for era in reversed(range(len(eras))) if number in eras[era]), 0)

    def moment(self, name: str, seconds_ago: float = 0.0) -> tuple[int, int]:
        """(era, update id) of a book now or a while ago."""
        times = self._times[name]
        until = self._clock.real_ns - round(seconds_ago * 1e9)
        _, era, update_id = times[max(bisect_right(times, (until, 1 << 60, 0)) - 1, 0)]
        return era, update_id

    def depth(self, name: str, limit: int, seconds_ago: float) -> dict[str, Any]:
        """The answer to a depth call."""
        era, update_id = self.moment(name, seconds_ago)
        book = self.books[name].at(era, update_id)
        px, qty = self.decimals[name]
        now_ms = self._clock.real_ns // 1_000_000
        answer: dict[str, Any] = {"lastUpdateId": update_id}
        if not name.startswith("spot"):
            answer |= {"E": now_ms, "T": now_ms}
        for side, levels in (
            ("bids", book.bids.best(limit, True)),
            ("asks", book.asks.best(limit, False)),
        ):
            answer[side] = [[text(p, px), text(q, qty)] for p, q in levels]
        return answer

    def agg_trades(self, key: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The answer to an aggTrades call."""
        found = self._page(key, query, 1000)
        fields = ("a", "p", "q", "nq", "f", "l", "T", "m", "M")
        return [{name: event[name] for name in fields if name in event} for event in found]

    def trades(self, key: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The answer to a trades or historicalTrades call."""
        found = self._page(key, query, 1000)
        worth = "baseQty" if key.startswith("coinm") else "quoteQty"
        return [
            {
                "id": event["t"],
                "price": event["p"],
                "qty": event["q"],
                worth: "1.0",
                "time": event["T"],
                "isBuyerMaker": event["m"],
                **({"isBestMatch": True} if key.startswith("spot") else {}),
            }
            for event in found
        ]

    def klines(self, key: str, query: Mapping[str, str]) -> list[list[Any]]:
        """The answer to a klines call."""
        first, last = int(query.get("startTime", 0)), int(query.get("endTime", 1 << 60))
        events = self.events.get(key, {})
        found = [events[t]["k"] for t in sorted(events) if first <= t <= last]
        limit = int(query.get("limit", 500))
        return [
            [
                k["t"],
                k["o"],
                k["h"],
                k["l"],
                k["c"],
                k["v"],
                k["T"],
                k["q"],
                k["n"],
                k["V"],
                k["Q"],
                "0",
            ]
            for k in (found[:limit] if "startTime" in query else found[-limit:])
        ]

    def _page(self, key: str, query: Mapping[str, str], most: int) -> list[dict[str, Any]]:
        events = self.eras.get(key, [{}])[-1]  # what had other ids is not told any more
        limit = min(int(query.get("limit", 500)), most)
        first = query.get("fromId")
        if first is not None:
            return [events[number] for number in sorted(events) if number >= int(first)][:limit]
        begin, end = int(query.get("startTime", 0)), int(query.get("endTime", 1 << 60))
        found = [event for _, event in sorted(events.items()) if begin <= event["T"] <= end]
        return found[:limit] if "startTime" in query else found[-limit:]


def text(value: int, decimals: int) -> str:
    """A number of units of 10^-decimals as the venue writes it."""
    if not decimals:
        return str(value)
    whole = str(value).rjust(decimals + 1, "0")
    return f"{whole[:-decimals]}.{whole[-decimals:]}"
