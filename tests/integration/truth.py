"""What readers of books are shown, judged by the simulator: it knows the true book at each id."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from gateway_client import Gateway, Status
from tests.integration.running import Simulator

LEVELS = 10
DEAD_AFTER_S = 1.0  # a heartbeat older than this is none (LAYOUT.md)


class BookTruth:
    """Collects what was shown as LIVE and compares it with the true book at the same update id."""

    def __init__(self, simulator: Simulator, gateway: Gateway, symbols: Sequence[str]) -> None:
        self._simulator = simulator
        self._gateway = gateway
        self._symbols = symbols
        self.reads = 0
        self.live = 0
        self.checked = 0
        self.states: set[Status] = set()
        self.not_live: dict[str, Status] = {}  # symbols that a read showed so, until cleared
        self.epochs: defaultdict[str, set[int]] = defaultdict(set)  # until cleared
        self._seen: dict[tuple[str, int], tuple[list[Any], list[Any]]] = {}
        self._gone: dict[int, float] = {}  # epoch -> when its process was gone for certain

    def gone(self, epoch: int) -> None:
        """From now on the process that wrote ``epoch`` is known to be gone."""
        self._gone.setdefault(epoch, time.monotonic())

    def read(self) -> None:
        """Read all books once; two reads of one update id must agree."""
        for symbol in self._symbols:
            began = time.monotonic()
            book = self._gateway.book(symbol, levels=LEVELS)
            self.reads += 1
            self.states.add(book.state)
            self.epochs[symbol].add(book.epoch)
            if book.state is not Status.LIVE:
                self.not_live[symbol] = book.state
                continue
            age = began - self._gone.get(book.epoch, began)
            assert age <= DEAD_AFTER_S, f"{symbol} is LIVE {age:.2f} s after its writer was gone"
            self.live += 1
            key, shown = (symbol, book.update_id), (book.bids, book.asks)
            assert self._seen.setdefault(key, shown) == shown, f"{key} was shown in two forms"

    def read_for(self, seconds: float) -> None:
        """Read again and again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read()

    def check(self, count: int) -> None:
        """Compare the ``count`` newest books with the truth, and forget the rest."""
        for (symbol, update_id), (bids, asks) in list(self._seen.items())[-count:]:
            market, _, name = symbol.partition(":")
            truth = self._simulator.get("/sim/book", market=market, symbol=name, id=update_id)
            assert truth is not None, f"{symbol} {update_id}: no such update id ever was"
            for side, shown in (("bids", bids), ("asks", asks)):
                true = [(float(px), float(qty)) for px, qty in truth[side][: len(shown)]]
                assert shown == true, f"{symbol} {update_id} {side}"
            self.checked += 1
        self._seen.clear()
