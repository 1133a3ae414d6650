"""Refresh: latest values of quiet streams asked of the supervisor, and handed to the core.

Which call brings what is ``gateway.refresh``'s, when it is asked for ``refreshing``'s. The core
keeps the status that is there: only an event of the stream itself makes a slot LIVE.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Protocol

from gateway import plan as wire
from gateway import refresh
from gateway.core.engine import Engine
from gateway.log import RateLimit
from gateway.markets import BY_NAME, FACTS
from gateway.plan import Need
from gateway.shard.calls import Calls
from gateway.shard.refreshing import Refreshing, Value
from gateway.streams import parse

log = logging.getLogger("gateway.shard")

SLICE_S = 0.001  # of the loop's time, then frames have their turn
BAD_QUERY, NO_CALL = 400, 404  # HTTP: a symbol is gone; the host has no such call
LINES = 5  # about what could not be fetched, in 10 s
# A name takes 30 us to parse, and what waits is sorted into calls with each answer.
_parse = lru_cache(maxsize=4096)(parse)


class Carried(Protocol):
    """What is needed of ``rows.Carried``."""

    plan: wire.PlanStream


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    def carried(self, row: int) -> Carried | None: ...

    def shown_by(self, row: int) -> list[tuple[int, str]]: ...


class Refresh:
    """The quiet streams of a shard, until each has a value of after its subscription."""

    def __init__(
        self,
        engine: Engine,
        rows: Rows,
        calls: Calls,
        send: Callable[[wire.RefreshRequest], None],
        is_enabled: bool,
    ) -> None:
        self._engine = engine
        self._rows = rows
        self._calls = calls
        self._send = send
        self._is_enabled = is_enabled
        self._refreshing = Refreshing()
        self._patience: dict[str, float] = {}  # by the stream's name without its symbol
        self._in_hand: deque[tuple[Value, bytes]] = deque()
        self._results: Counter[str] = Counter()  # of what was in hand, until it is told
        self._limit = RateLimit(LINES, 10.0)

    def on_acked(self, rows: Iterable[int], now: float) -> None:
        """The venue carries these streams from now on: look at what they show in a while."""
        if not self._is_enabled:
            return
        for row in rows:
            carried = self._rows.carried(row)
            if carried is not None and refresh.is_refreshed(carried.plan.name, carried.plan.kind):
                due = now + self._patience_s(carried.plan.name)
                self._refreshing.begin(self._rows.shown_by(row), due)

    def _patience_s(self, name: str) -> float:
        """The same for all symbols: a name takes 30 us to parse, and an ack has 200 of them."""
        market, _, subscribed = name.partition(":")
        is_whole = subscribed.startswith("!")
        key = f"{market}:{subscribed if is_whole else subscribed.partition('@')[2]}"
        if key not in self._patience:
            self._patience[key] = refresh.patience_s(parse(name))
        return self._patience[key]

    def next_due(self, now: float) -> float | None:
        """When a value is to be looked at next; None: none waits for its time."""
        return self._refreshing.next_due(now)

    def ask_due(self, now: float) -> None:
        """Send the requests that are due and find a place."""
        parts: dict[int, dict[str, Value]] = defaultdict(dict)
        pools = {facts.weight_pool for facts in FACTS.values()}
        full = {pool for pool in pools if not self._calls.has_place(pool, Need.REFRESH)}
        for value in self._refreshing.due(now):
            if not self._engine.refresh_wanted(value.stream):
                self._refreshing.end(value)
            elif _pool_of(value.name) not in full:
                parts[value.part][value.name] = value
        for wanted in parts.values():
            for streams in refresh.batches(map(_parse, wanted)):
                pool = FACTS[streams[0].market].weight_pool
                self._ask(pool, [wanted[stream.name] for stream in streams], now)

    def _ask(self, pool: str, values: list[Value], now: float) -> None:
        if not self._calls.has_place(pool, Need.REFRESH):
            return
        request_id = self._calls.make(pool, Need.REFRESH, now)
        self._refreshing.asked(values, request_id, time.monotonic_ns())
        self._send(wire.RefreshRequest(request_id, [value.name for value in values]))

    def unanswered(self, request_id: int) -> None:
        """No answer came: ask anew."""
        self._refreshing.failed(self._refreshing.answered(request_id), time.monotonic())

    def on_reply(self, reply: wire.RefreshReply) -> None:
        """The supervisor's answer; values that nobody waits for any more are dropped."""
        values, now = self._refreshing.answered(reply.request_id), time.monotonic()
        if reply.status == 200:
            for value in values:
                payload = reply.values.get(value.name)
                if payload is None:  # the venue lists it no more
                    self._refreshing.end(value)
                else:
                    self._in_hand.append((value, payload))
            return
        if reply.status == BAD_QUERY and values:
            self._refreshing.refused(values, now)
        elif reply.status == NO_CALL:
            for value in values:
                self._refreshing.end(value)
        else:
            self._refreshing.failed(values, now)
        more = self._limit.admit("fail", now) if values else None
        if more is not None:
            text = "%s: latest values of %d streams cannot be fetched now: %s"
            why = reply.error or f"HTTP {reply.status}"
            log.warning(text, values[0].name, len(values), why)

    def hand_over(self) -> bool:
        """Give the core a slice of what is here. True: there is more."""
        if not self._in_hand:
            return False
        until = time.monotonic() + SLICE_S
        while self._in_hand:
            value, payload = self._in_hand.popleft()
            self._results[self._engine.refresh(value.stream, payload, value.asked_mono)] += 1
            self._refreshing.end(value)
            if time.monotonic() >= until:
                break
        if self._in_hand:
            return True
        self._tell()
        return False

    def _tell(self) -> None:
        """Log what became of the values; one that came meanwhile is no matter."""
        fetched, kept = self._results.pop("OK", 0), self._results.pop("DUPLICATE", 0)
        unwanted = self._results.pop("UNWANTED", 0)
        text = "quiet streams: %d latest values fetched, %d that were there are newer"
        log.info(text, fetched, kept + unwanted)
        for error, count in self._results.items():
            log.warning("quiet streams: %d fetched values cannot be used: %s", count, error)
        self._results.clear()


def _pool_of(name: str) -> str:
    return FACTS[BY_NAME[name.partition(":")[0]].market].weight_pool
