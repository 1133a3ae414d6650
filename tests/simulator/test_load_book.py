"""Books that are functions of their update ids."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest

from gateway.simulator.listing import list_symbol
from gateway.simulator.load_book import LEVELS, MOVING, ROUND, STRIDE, LoadBook
from gateway.simulator.load_frames import diffs, quotes
from gateway.simulator.load_market import LoadInstrument
from gateway.simulator.names import Market, parse_key
from gateway.simulator.truth import UnknownUpdateId

SYMBOLS = {
    "spot": "BTCUSDT",
    "usdm": "ETHUSDT",
    "coinm": "BTCUSD_PERP",
    "usdm whole quantities": "A0003USDT",
}
MS = 1_795_345_200_123


class Sender:
    """An instrument with its two book streams, and what they sent."""

    def __init__(self, case: str) -> None:
        market, symbol = Market(case.split()[0]), SYMBOLS[case]
        self.market = market
        self.instrument = LoadInstrument(list_symbol(market, symbol), 3)
        self.sent: list[tuple[str, Any]] = []
        names = [parse_key(f"{market}:{symbol.lower()}@{s}") for s in ("depth@100ms", "bookTicker")]
        self.diff = diffs(self.instrument, names[0], self.publish)
        self.quote = quotes(self.instrument, names[1], self.publish)

    def publish(self, key: str, frame: bytes) -> None:
        length = int.from_bytes(frame[2:4], "big")
        assert (frame[:2], length) == (b"\x81\x7e", len(frame) - 4)
        body = orjson.loads(frame[4:])
        assert body["stream"] == key.partition(":")[2]
        self.sent.append((key.rpartition("@")[2], body["data"]))

    def next_diff(self) -> Any:
        self.diff(MS)
        return self.sent[-1][1]

    def next_quote(self) -> Any:
        self.quote(MS)
        return self.sent[-1][1]


@pytest.fixture(params=list(SYMBOLS))
def sender(request: pytest.FixtureRequest) -> Sender:
    return Sender(request.param)


def apply(side: dict[str, str], levels: list[list[str]]) -> None:
    for price, qty in levels:
        side[price] = qty
        if not float(qty):
            del side[price]


def test_true_book_at_any_id_is_the_snapshot_and_the_diffs_until_then(sender: Sender) -> None:
    book = sender.instrument.book
    for _ in range(7):
        sender.next_quote()
    snapshot = book.at()  # between two diffs
    bids, asks = dict(snapshot.bids), dict(snapshot.asks)
    for _ in range(5 * ROUND):
        for _ in range(3):
            sender.next_quote()
        diff = sender.next_diff()
        before = dict(bids), dict(asks)
        apply(bids, diff["b"])
        apply(asks, diff["a"])
        assert (dict(book.at(diff["u"]).bids), dict(book.at(diff["u"]).asks)) == (bids, asks)
        assert bids != before[0]
        assert asks != before[1]
        assert max(map(float, bids)) < min(map(float, asks))
    assert book.at(snapshot.update_id) == snapshot


def test_levels_are_in_order_and_some_are_taken_away_for_a_while(sender: Sender) -> None:
    sizes = set()
    for _ in range(4 * ROUND):
        sender.next_diff()
        book = sender.instrument.book.at()
        bids, asks = ([float(price) for price, _ in side] for side in (book.bids, book.asks))
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        sizes |= {len(bids), len(asks)}
    assert LEVELS - MOVING <= min(sizes) <= max(sizes) < LEVELS


def test_best_prices_are_those_of_the_true_book_at_their_id(sender: Sender) -> None:
    for step in range(40):
        quote = sender.next_quote() if step % 4 else sender.next_diff()
        if step % 4:
            book = sender.instrument.book.at(quote["u"])
            assert (quote["b"], quote["B"]) == book.bids[0]
            assert (quote["a"], quote["A"]) == book.asks[0]
    quotes_sent = [data for name, data in sender.sent if name == "bookTicker"]
    for before, after in pairwise(quotes_sent):
        assert before["u"] < after["u"]
        assert (before["B"], before["A"]) != (after["B"], after["A"])


def test_diffs_join_as_their_market_joins_them(sender: Sender) -> None:
    previous = sender.next_diff()
    for _ in range(20):
        sender.next_quote()
        diff = sender.next_diff()
        if sender.market is Market.SPOT:
            assert diff["U"] == previous["u"] + 1
        else:
            assert diff["pu"] == previous["u"] < diff["U"] - 1
        assert diff["U"] < diff["u"]
        previous = diff


def test_quantities_are_written_with_the_instruments_decimals(sender: Sender) -> None:
    listing = sender.instrument.listing
    decimals = listing.qty_decimals
    book = sender.instrument.book.at()
    for _, qty in book.bids:
        assert len(qty.partition(".")[2]) == decimals
        assert round(float(qty) * 10**decimals) % listing.step == 0


def test_ids_before_the_first_and_after_the_newest_are_unknown(sender: Sender) -> None:
    sender.next_diff()
    book = sender.instrument.book
    assert book.at(book.first_id).update_id == book.first_id
    for update_id in (book.first_id - 1, book.first_id + STRIDE + 1):
        with pytest.raises(UnknownUpdateId) as caught:
            book.at(update_id)
        assert (caught.value.oldest, caught.value.newest) == (
            book.first_id, book.first_id + STRIDE,
        )  # fmt: skip


def test_book_of_best_prices_alone_goes_on_beyond_a_diff() -> None:
    sender = Sender("spot")
    book = sender.instrument.book
    book.newest = STRIDE - 2
    for _ in range(4):
        quote = sender.next_quote()
        assert book.at(quote["u"]).bids[0] == (quote["b"], quote["B"])
    assert sender.next_diff()["u"] == book.first_id + 2 * STRIDE


def test_book_of_seconds_ago_is_that_many_diffs_back() -> None:
    book = LoadBook(list_symbol(Market.SPOT, "BTCUSDT"), 0)
    book.newest = 30 * STRIDE + 7
    assert book.ago(2.0) == 10 * STRIDE + 7
    assert book.ago(60.0) == 0
