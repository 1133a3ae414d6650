"""Latest values: every call that answers "what is it now", by instrument or by name of a stream.

Each read takes state and data together out of one slot. Where that slot lies is looked up once and
kept until something changes; a row that is gone, retired or still empty makes the read look again,
at most every 10 ms, so restarts, new rows and new shards are found by reading on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from gateway_client.books import Book, Partial
from gateway_client.contracts import ContractInfo, Liquidation
from gateway_client.directory import Directory
from gateway_client.errors import NoLatestValue, UnknownStream, UnknownSymbol
from gateway_client.klines import Kline
from gateway_client.layout import BOOK_LEVELS, NO_ROW, Kind, SectionKind
from gateway_client.plain import Instrument, Segment
from gateway_client.plain.sections import CELLS
from gateway_client.prices import AssetIndex, MarkPrice, Price
from gateway_client.streams import SLOTS, StreamRow
from gateway_client.tables import with_blanks
from gateway_client.values import RETIRED, BlockTrade, Cell, Quote, Ticker, Trade

V = TypeVar("V", bound=Cell)
_new = object.__new__
_LIVE = 1
_EMPTY = 0

KLINES: Final = {
    "kline": "kline",
    "mark": "markPriceKline",
    "index": "indexPriceKline",
    "continuous": "continuousKline",
}
"""What ``kline(kind=…)`` takes -> the venue's word for it in the name of a stream."""

_SLOT_VALUES: Final[dict[int, type[Cell]]] = {
    SectionKind.QUOTE: Quote,
    SectionKind.LAST_TRADE: Trade,
    SectionKind.TICKER: Ticker,
    SectionKind.BOOK: Book,
    SectionKind.PARTIAL: Partial,
    SectionKind.MARK_PRICE: MarkPrice,
}
_VALUES: Final[dict[int, tuple[type[Cell], str]]] = {
    Kind.KLINE: (Kline, "kline"),
    Kind.CONTINUOUS_KLINE: (Kline, "kline"),
    Kind.INDEX_KLINE: (Kline, "kline"),
    Kind.MARK_KLINE: (Kline, "kline"),
    Kind.WINDOW_TICKER: (Ticker, "ticker"),
    Kind.BLOCK_TRADE: (BlockTrade, "trade"),
    Kind.AVERAGE_PRICE: (Price, "price"),
    Kind.REFERENCE_PRICE: (Price, "price"),
    Kind.COMPOSITE_INDEX: (Price, "price"),
    Kind.LIQUIDATION: (Liquidation, "liquidation"),
    Kind.CONTRACT_INFO: (ContractInfo, "contract"),
    Kind.ASSET_INDEX: (AssetIndex, "asset"),
}
"""Kind of a stream -> class and struct of its latest value in VALUES."""


class Place(NamedTuple):
    """Where a latest value lies, as of now."""

    key: str | tuple[str, SectionKind]  # name of the stream, or instrument and section
    instrument: Instrument
    segment: Segment
    section: int
    row: int
    layout: str
    value: type[Cell]
    version: int  # of the directory that said so


class Latest:
    """The calls that read a latest value, over either reader; ``quote`` is the reader's own."""

    _directory: Directory
    _places: dict[object, Place]
    _version: int

    def ticker(self, symbol: str, window: str | None = None) -> Ticker:
        """Rolling statistics of 24 h, or of the ``window`` 1h, 4h or 1d, with their trust state.

        Without a window it is what ``@ticker`` sends, or ``@miniTicker`` where only that is
        subscribed: then all but last, open, high, low and volumes is missing. Raises UnknownSymbol,
        or UnknownStream for a window that is not subscribed.
        """
        if window is not None:
            return self._named(Ticker, symbol, "ticker", window)
        return self._slot(Ticker, symbol, SectionKind.TICKER)

    def last_trade(self, symbol: str) -> Trade:
        """The last trade or aggregate trade, with its trust state. Raises UnknownSymbol."""
        return self._slot(Trade, symbol, SectionKind.LAST_TRADE)

    def block_trade(self, symbol: str) -> BlockTrade:
        """The last block trade, with its trust state. Raises UnknownStream."""
        return self._named(BlockTrade, symbol, "blockTrade")

    def book(self, symbol: str, levels: int = BOOK_LEVELS) -> Book:
        """Top ``levels`` of the synchronised book, or as many as the gateway publishes (20).

        ``usdm:BTCUSDT.RPI`` is the book with retail price improvement orders. Raises UnknownSymbol.
        """
        book = self._slot(Book, symbol, SectionKind.BOOK)
        book.limit = levels
        return book

    def partial(self, symbol: str, levels: int = BOOK_LEVELS) -> Partial:
        """The venue's own partial depth (depth5, depth10, depth20). Raises UnknownSymbol."""
        partial = self._slot(Partial, symbol, SectionKind.PARTIAL)
        partial.limit = levels
        return partial

    if TYPE_CHECKING:

        def quote(self, symbol: str) -> Quote: ...

    def kline(self, symbol: str, interval: str, kind: str = "kline") -> Kline:
        """The newest candle of an ``interval``, as ``1m``, or ``1d@+08:00`` for another day.

        ``kind`` is ``kline`` (of trades), ``mark`` (of a contract's mark price), ``index`` (of a
        pair's index price: ``coinm:BTCUSD``) or ``continuous`` (``usdm:BTCUSDT_PERPETUAL``). Raises
        UnknownStream where that candle is not subscribed, ValueError for another ``kind``.
        """
        if kind not in KLINES:
            raise ValueError(f"kind is {kind!r}, must be one of {', '.join(KLINES)}")
        return self._named(Kline, symbol, kind, interval)

    def mark_price(self, symbol: str) -> MarkPrice:
        """Mark price, index price and funding rate of a contract. Raises UnknownSymbol."""
        return self._slot(MarkPrice, symbol, SectionKind.MARK_PRICE)

    def index_price(self, pair: str) -> MarkPrice:
        """Index price of a pair, as ``coinm:BTCUSD``: ``index_px`` alone. Raises UnknownSymbol."""
        return self._slot(MarkPrice, pair, SectionKind.MARK_PRICE)

    def average_price(self, symbol: str) -> Price:
        """Average price of the last minutes (spot). Raises UnknownStream."""
        return self._named(Price, symbol, "avgPrice")

    def reference_price(self, symbol: str) -> Price:
        """Reference price (spot); ``px`` is NaN while the venue has none. Raises UnknownStream."""
        return self._named(Price, symbol, "referencePrice")

    def composite_index(self, symbol: str) -> Price:
        """Price of a composite index, as ``usdm:DEFIUSDT``. Raises UnknownStream."""
        return self._named(Price, symbol, "compositeIndex")

    def asset_index(self, symbol: str) -> AssetIndex:
        """Index of a margin asset, as ``usdm:ADAUSD``. Raises UnknownStream."""
        return self._named(AssetIndex, symbol, "assetIndex")

    def liquidation(self, symbol: str) -> Liquidation:
        """The last forced order of a contract, of its own or the market's stream.

        Raises UnknownStream.
        """
        return self._named(Liquidation, symbol, "forceOrder")

    def contract_info(self, symbol: str) -> ContractInfo:
        """The last that ``!contractInfo`` said about a contract. Raises UnknownStream."""
        return self._named(ContractInfo, symbol, "contractInfo")

    def latest(self, stream: str) -> Cell | Quote:
        """The latest value of any stream by its name, as ``spot:btcusdt@kline_1m``.

        What it is depends on the stream: a Quote, Trade, Ticker, Book, Partial, Kline, MarkPrice …
        Streams that share a slot (trade and aggTrade, ticker and miniTicker) answer that slot.
        Raises UnknownStream, or NoLatestValue for streams of many instruments and of none.
        """
        place = self._places.get(stream) or self._find(stream, stream)
        if place.value is Quote:
            return self.quote(place.instrument.symbol)
        value = self._get(place.value, place)
        if isinstance(value, Book):
            value.limit = BOOK_LEVELS
        return value

    def _slot(self, cls: type[V], symbol: str, section: SectionKind) -> V:
        key = (symbol, section)
        return self._get(cls, self._places.get(key) or self._find(key, key))

    def _named(self, cls: type[V], symbol: str, word: str, detail: str = "") -> V:
        key = (symbol, word, detail)
        place = self._places.get(key) or self._find(key, stream_name(symbol, word, detail))
        return self._get(cls, place)

    def _get(self, cls: type[V], place: Place) -> V:
        status, data = place.segment.read(place.section, place.row)
        if status != _LIVE:
            place, status, data = self._again(place, status, data)
        # A third of the time of a call of the class; bench_client_read.
        value = _new(cls)
        value.data, value.status, value.instrument = data, status, place.instrument
        return value

    def _again(self, place: Place, status: int, data: bytes) -> tuple[Place, int, bytes]:
        """The slow way, for what is not LIVE: a row that is gone or empty may be replaced."""
        if status >= RETIRED or status == _EMPTY:
            fresh = self._fresh(place)
            if fresh is not place:
                place = fresh
                status, data = place.segment.read(place.section, place.row)
        return place, status, with_blanks(place.layout, data)

    def _fresh(self, place: Place) -> Place:
        """Where the value lies now; the same place where nothing has changed."""
        self._refresh()
        return place if place.version == self._version else self._find(place.key, place.key)

    def _find(self, key: object, wanted: str | tuple[str, SectionKind]) -> Place:
        """Look a value up, also among rows that are new, and keep its place under ``key``."""
        place = self._look_up(wanted)
        if place is None:
            self._refresh(at_once=True)
            place = self._look_up(wanted)
        if place is None:
            raise self._unknown(wanted)
        self._places[key] = place
        return place

    def _look_up(self, wanted: str | tuple[str, SectionKind]) -> Place | None:
        if isinstance(wanted, str):
            return self._stream_place(wanted)
        symbol, section = wanted
        instrument = self._directory.slot(symbol, section)
        return None if instrument is None else self._slot_place(wanted, instrument, section)

    def _stream_place(self, name: str) -> Place | None:
        found = self._directory.stream(name)
        if found is None:
            return None
        attached, row = found
        if row.is_whole or row.symbol >= len(attached.by_row):
            raise NoLatestValue(name, _why_not(row))
        instrument = attached.by_row[row.symbol]
        if row.kind in SLOTS:
            return self._slot_place(name, instrument, SLOTS[row.kind][0][0])
        if row.kind not in _VALUES or row.value == NO_ROW:
            raise NoLatestValue(name, _why_not(row))
        value, layout = _VALUES[row.kind]
        return Place(
            name, instrument, attached.segment, int(SectionKind.VALUES), row.value, layout, value,
            self._version,
        )  # fmt: skip

    def _slot_place(
        self, key: str | tuple[str, SectionKind], instrument: Instrument, section: SectionKind
    ) -> Place:
        return Place(
            key, instrument, instrument.segment, int(section), instrument.row, CELLS[section],
            _SLOT_VALUES[section], self._version,
        )  # fmt: skip

    def _unknown(self, wanted: str | tuple[str, SectionKind]) -> Exception:
        if isinstance(wanted, str):
            return UnknownStream(wanted, self._directory.stream_names())
        return UnknownSymbol(wanted[0], self._directory.instruments)

    def _refresh(self, at_once: bool = False) -> None:
        raise NotImplementedError  # Gateway looks at the run directory


def stream_name(symbol: str, word: str, detail: str = "") -> str:
    """Name of a stream: ("spot:BTCUSDT", "kline", "1m") -> spot:btcusdt@kline_1m."""
    market, _, name = symbol.partition(":")
    suffix = KLINES.get(word, word)
    return f"{market}:{name.lower()}@{suffix}{'_' if detail else ''}{detail}"


def _why_not(row: StreamRow) -> str:
    if row.is_whole:
        return "it is of many instruments, and each has a stream of its own"
    return "its events stand each for itself"
