"""What the checker knows of one stream: what came over it, and what it must be counted as."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.trust.counting import Candles, Chain, Numbers
from tests.trust.history import ID_OF
from tests.trust.silence import Silence


class Stream:
    """What the checker knows of one stream."""

    def __init__(self, key: str, row: int) -> None:
        self.key, self.row = key, row
        self.market, _, rest = key.partition(":")
        symbol, _, self.suffix = rest.partition("@")
        self.name = f"{self.market}:{symbol.upper()}"
        self.is_diff = self.suffix.startswith("depth")
        self.is_dense = self.suffix in ID_OF
        self.is_quote = self.suffix == "bookTicker"
        self.numbers = Numbers(self.is_dense, repeats_count=not self.is_quote)
        self.chain = Chain(self.market == "spot")
        self.candles = Candles()
        self.is_candle = self.suffix.startswith("kline")
        self.id_name = "u" if self.is_diff or self.is_quote else ID_OF.get(self.suffix, "")
        self.silence = Silence()
        self.came: defaultdict[int, set[int]] = defaultdict(set)  # when, by id; readable frames
        self.newest: tuple[int, int] | None = None  # id of the newest event, and when it came
        self.is_in_step = False  # of a book: events are applied to it
        self.stood_at = 0
        self.lower_run = 0  # frames of a numbering that began lower
        self.was_twin = False  # it came over two connections at once, for a while
        self.deliveries: Counter[int] = Counter()  # readable frames by id
        self.breaks = 0
        self.agains = 0
        self.restarts = 0
