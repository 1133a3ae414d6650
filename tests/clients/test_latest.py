"""Latest values by instrument and by stream: found in the right shard, and found again."""

from __future__ import annotations

import math

import pytest

from gateway.layout import STREAM
from gateway_client import NoLatestValue, SegmentUnusable, Status, UnknownStream, UnknownSymbol
from gateway_client.gateway import Gateway
from gateway_client.layout import Kind, Shape
from tests.clients.support import Shard
from tests.waiting import wait_for

BTC = "spot:BTCUSDT"
KLINE = "spot:btcusdt@kline_1m"


def with_kline(shard: Shard, px: int = 100) -> Shard:
    """A shard that carries candles of BTCUSDT."""
    row = shard.load("value_count")
    shard.add_stream(KLINE, Kind.KLINE, has_value=True)
    write_kline(shard, row, px)
    return shard


def write_kline(shard: Shard, row: int, px: int, **values: int) -> None:
    shard.write_cell("values", row, layout="kline", close_px=px, px_exponent=-2, **values)


@pytest.fixture
def other(shard: Shard) -> Shard:
    """A second shard with rows of the same instruments, in another order."""
    return Shard(shard.run_dir, number=1, symbols=("ETHUSDT", "BTCUSDT")).start()


def test_value_dies_with_its_writer_and_is_found_in_the_next_segment(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(with_kline(shard).run_dir)
    assert gateway.kline(BTC, "1m").close_px == 1.0
    shard.store("state", 2)
    assert gateway.kline(BTC, "1m").state is Status.DEAD
    shard.start()
    shard.add_stream("spot:btcusdt@avgPrice", Kind.AVERAGE_PRICE, has_value=True)
    with_kline(shard, 250)  # in another slot than before
    wait_for(lambda: gateway.kline(BTC, "1m").is_live, "the new segment")
    assert gateway.kline(BTC, "1m").close_px == 2.5
    assert gateway.latest(KLINE).epoch == shard.current.generation


def test_stream_that_comes_later_is_found(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    with pytest.raises(UnknownStream, match=r"spot:btcusdt@kline_1m: no such stream here"):
        gateway.kline(BTC, "1m")
    with_kline(shard)
    assert gateway.kline(BTC, "1m").close_px == 1.0
    assert gateway.streams() == [KLINE]


def test_removed_stream_is_retired_until_it_is_subscribed_again(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(with_kline(shard).run_dir)
    assert gateway.latest(KLINE).is_live
    write_kline(shard, 0, 100, status=Status.RETIRED)
    shard.remove_stream(0)
    assert gateway.latest(KLINE).state is Status.RETIRED
    assert gateway.streams() == []
    with_kline(shard, 300)
    wait_for(lambda: gateway.latest(KLINE).is_live, "the new row")
    assert gateway.kline(BTC, "1m").close_px == 3.0


def test_each_slot_is_read_in_the_shard_that_feeds_it(
    shard: Shard, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    shard.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, 0)
    shard.write_cell("quote", 0, bid_px=111)
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1, shape=Shape.ROW)
    other.write_cell("ticker", 1, last_px=222)
    other.write_cell("quote", 1, bid_px=999)
    with_kline(other, 333)
    other.put_row("streams", STREAM, 1, {"symbol": 1})
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).bid_px == 1.11
    assert gateway.ticker(BTC).last_px == 2.22
    assert gateway.kline(BTC, "1m").close_px == 3.33
    assert gateway.latest("spot:btcusdt@ticker").epoch == other.current.generation
    assert gateway.symbols() == [BTC, "spot:ETHUSDT"]
    rows = gateway.quotes()
    assert rows["symbol"].tolist() == [BTC, "spot:ETHUSDT"]
    assert rows["bid_px"][0] == 1.11


def test_slot_that_another_shard_begins_to_feed_is_found(
    shard: Shard, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    gateway = gateway_class(shard.run_dir)
    assert gateway.ticker(BTC).state is Status.EMPTY
    assert gateway.quote(BTC).state is Status.EMPTY
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1)
    other.write_cell("ticker", 1, last_px=222)
    other.add_stream("spot:btcusdt@depth", Kind.DIFF, 1)
    other.write_cell("quote", 1, bid_px=333)
    wait_for(lambda: gateway.ticker(BTC).is_live, "the ticker of the other shard")
    wait_for(lambda: gateway.quote(BTC).is_live, "the quote of the other shard")
    assert (gateway.ticker(BTC).last_px, gateway.quote(BTC).bid_px) == (2.22, 3.33)


def test_stream_of_its_own_is_preferred_to_a_row_of_an_array(
    shard: Shard, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    shard.add_stream("spot:btcusdt@ticker", Kind.TICKER, 0, shape=Shape.ROW)
    shard.write_cell("ticker", 0, last_px=111)
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1)
    other.write_cell("ticker", 1, last_px=222)
    gateway = gateway_class(shard.run_dir)
    assert gateway.ticker(BTC).last_px == 2.22
    assert gateway.latest("spot:btcusdt@ticker").data == gateway.ticker(BTC).data
    assert gateway.streams() == ["spot:btcusdt@ticker"]


def test_restart_of_one_shard_leaves_the_other_alone(
    shard: Shard, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    shard.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, 0)
    shard.write_cell("quote", 0, bid_px=111)
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1)
    other.write_cell("ticker", 1, last_px=222)
    gateway = gateway_class(shard.run_dir)
    assert gateway.ticker(BTC).last_px == 2.22
    epoch = gateway.quote(BTC).epoch
    other.start()
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1)
    other.write_cell("ticker", 1, last_px=444)
    wait_for(lambda: gateway.ticker(BTC).is_live, "the restarted shard")
    assert gateway.ticker(BTC).last_px == 4.44
    assert (gateway.quote(BTC).bid_px, gateway.quote(BTC).epoch) == (1.11, epoch)


def test_state_without_data_has_no_numbers(shard: Shard, gateway_class: type[Gateway]) -> None:
    """A source that fell silent before its first event: the writer stores a state alone."""
    with_kline(shard)
    values = dict.fromkeys(("open_px", "close_px"), 0)
    shard.write_cell("values", 0, layout="kline", status=Status.STALE, reason=14, **values)
    shard.write_cell("quote", 0, status=Status.DOWN, bid_px=0, bid_qty=0)
    gateway = gateway_class(shard.run_dir)
    kline, quote = gateway.kline(BTC, "1m"), gateway.quote(BTC)
    assert (kline.state, kline.reason.name) == (Status.STALE, "SILENT")
    assert math.isnan(kline.close_px)
    assert quote.state is Status.DOWN
    assert math.isnan(quote.bid_px)
    assert math.isnan(quote.bid_qty)


def test_streams_of_many_instruments_have_no_latest_value(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.add_stream("spot:!ticker_1h@arr", Kind.WINDOW_TICKER, 2**32 - 1, shape=Shape.ARRAY)
    gateway = gateway_class(shard.run_dir)
    with pytest.raises(NoLatestValue, match="each has a stream of its own") as caught:
        gateway.latest("spot:!ticker_1h@arr")
    assert caught.value.exit_code == 67


def test_unknown_symbol_of_a_slot_is_named(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    for call in (gateway.mark_price, gateway.index_price, gateway.ticker):
        with pytest.raises(UnknownSymbol, match="spot:NOSUCH"):
            call("spot:NOSUCH")
    for call in (gateway.average_price, gateway.liquidation, gateway.block_trade):
        with pytest.raises(UnknownStream, match="spot:nosuch@"):
            call("spot:NOSUCH")


def test_near_streams_are_those_of_the_same_market(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    with_kline(shard)
    with pytest.raises(UnknownStream) as caught:
        gateway_class(shard.run_dir).kline(BTC, "5m")
    assert caught.value.matches == (KLINE,)


def test_damaged_value_row_is_refused_by_name(shard: Shard, gateway_class: type[Gateway]) -> None:
    with_kline(shard)
    shard.put_row("streams", STREAM, 0, {"value": 9_999})
    gateway = gateway_class(shard.run_dir)
    with pytest.raises(SegmentUnusable, match=r"no row|no such row"):
        gateway.latest(KLINE)


def test_names_and_rows_stay_together_as_more_come(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(shard.run_dir)
    for count in range(1, 5):
        name = f"spot:btcusdt@ticker_{count}x"
        row = shard.add_stream(name, Kind.WINDOW_TICKER, count % 2, has_value=True)
        shard.write_cell("values", row, layout="ticker", last_px=count * 100)
        assert gateway.latest(name).symbol == gateway.symbols()[count % 2]
    assert [gateway.latest(name).last_px for name in gateway.streams()] == [1, 2, 3, 4]
    assert gateway.status().shards[0].states["values"] == {"LIVE": 4}


def test_stream_says_what_it_is(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    with_kline(shard)
    shard.add_stream("spot:!ticker_1h@arr", Kind.WINDOW_TICKER, 2**32 - 1, shape=Shape.ARRAY)
    kline, array = gateway.stream(KLINE), gateway.stream("spot:!ticker_1h@arr")
    assert (kline.symbol, kline.kind.name, kline.is_whole) == (BTC, "KLINE", False)
    assert (array.symbol, array.shape, array.is_whole) == ("", Shape.ARRAY, True)
    with pytest.raises(UnknownStream):
        gateway.stream("spot:nosuch@trade")
