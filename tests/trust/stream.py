"""What the checker knows of one stream: what came over it, and what it must be counted as."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from tests.trust.counting import Candles, Chain, Numbers
from tests.trust.history import ID_OF, is_partial, is_timed
from tests.trust.silence import Silence

EXPECTED_NS = {"markPrice@1s": 1_000_000_000}  # of streams that come at fixed times


class Stream:
    """What the checker knows of one stream."""

    def __init__(self, key: str, row: int) -> None:
        self.key, self.row = key, row
        self.market, _, rest = key.partition(":")
        symbol, _, self.suffix = rest.partition("@")
        self.name = f"{self.market}:{symbol.upper()}"
        self.is_partial = is_partial(self.suffix)
        self.is_diff = self.suffix.startswith("depth") and not self.is_partial
        self.is_dense = self.suffix in ID_OF
        self.is_quote = self.suffix == "bookTicker"
        self.is_timed = is_timed(self.suffix)  # its events have a time, and no id
        self.numbers = Numbers(self.is_dense, repeats_count=not self.is_quote)
        self.chain = Chain(self.market == "spot")
        self.candles = Candles()
        self.is_candle = self.suffix.startswith("kline")
        self.is_seldom = self.suffix == "forceOrder"
        self.id_name = "u" if self.is_diff or self.is_quote else ID_OF.get(self.suffix, "")
        self.silence = Silence(EXPECTED_NS.get(self.suffix, 0), self.is_seldom)
        self.came: defaultdict[int, set[int]] = defaultdict(set)  # when, by id; readable frames
        self.connected_ns = 0  # when a link came up, and no other was
        self.heard_ns: list[int] = []  # when frames came
        self.newest: tuple[int, int] | None = None  # id of the newest event, and when it came
        self.is_in_step = False  # of a book: events are applied to it
        self.stood_at = 0
        self.lower_run = 0  # frames of a numbering that began lower
        self.is_subscribed = self.is_interrupted = False  # of a stream that comes with rare events
        self.was_twin = False  # it came over two connections at once, for a while
        self.deliveries: Counter[int] = Counter()  # readable frames by id
        self.breaks = 0
        self.agains = 0
        self.restarts = 0

    def number(self, event: Mapping[str, Any]) -> int:
        """What tells an event from others: its id, or its time in ms."""
        if self.is_partial:
            return int(event["u" if "u" in event else "lastUpdateId"])
        return int(event["E" if self.is_timed else self.id_name])
