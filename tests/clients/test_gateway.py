"""``Gateway``: what is found, what is named in errors, what values say."""

from __future__ import annotations

import json
import math
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from gateway import layout
from gateway_client import (
    GatewayNotRunning,
    ManifestUnusable,
    SegmentUnusable,
    Status,
    UnknownSymbol,
)
from gateway_client.errors import AcceleratorMissing
from gateway_client.gateway import Gateway
from gateway_client.layout import NULL, Flag, Reason
from gateway_client.status import bucket_end, percentile
from gateway_client.values import Status as ClientStatus
from tests.clients.support import PlainGateway, Shard

BTC, ETH = "spot:BTCUSDT", "spot:ETHUSDT"


def test_quote_has_state_and_data_together(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.write_cell(
        "quote", 0, bid_px=6712345, bid_qty=150000, ask_px=6712346, ask_qty=NULL, update_id=99,
        sequence=7, ts_event=NULL, ts_trade=12, ts_recv=34, ring_position=128,
        flags=Flag.DUPLICATE, source=1, reason=Reason.FIRST_DATA,
    )  # fmt: skip
    quote = gateway_class(shard.run_dir).quote(BTC)
    assert quote.state is Status.LIVE
    assert quote.is_live
    assert (quote.bid_px, quote.bid_qty, quote.ask_px) == (67123.45, 1.5, 67123.46)
    assert math.isnan(quote.ask_qty)
    assert (quote.bid_px_mantissa, quote.ask_qty_mantissa) == (6712345, None)
    assert quote.decimal("bid_px") == Decimal("67123.45")
    assert quote.decimal("bid_qty") == Decimal("1.50000")
    assert quote.decimal("ask_qty") is None
    assert (quote.update_id, quote.sequence, quote.ring_position) == (99, 7, 128)
    assert (quote.ts_event, quote.ts_trade, quote.ts_recv) == (None, 12, 34)
    assert (quote.source, quote.reason, quote.flags) == (
        "bookTicker", Reason.FIRST_DATA, Flag.DUPLICATE,
    )  # fmt: skip
    assert (quote.symbol, quote.epoch) == (BTC, shard.current.generation)
    assert quote.age_ns > 0
    assert "LIVE" in repr(quote)


def test_quote_of_either_reader_has_the_same_attributes(shard: Shard) -> None:
    shard.write_cell("quote", 0, bid_px=1, ask_px=2, ts_event=3)
    compiled, plain = Gateway(shard.run_dir).quote(BTC), PlainGateway(shard.run_dir).quote(BTC)
    names = {name for name in dir(plain) if not name.startswith("_")}
    assert names == {name for name in dir(compiled) if not name.startswith("_")}
    for name in names - {"age_ns", "instrument", "decimal"}:
        ours, theirs = getattr(compiled, name), getattr(plain, name)
        assert ours == theirs or (ours != ours and theirs != theirs), name
    assert repr(compiled) == repr(plain)


@pytest.mark.parametrize("mantissa", [1, 3, 10**15 + 1, 2**53 - 1, -5, 123456789])
def test_prices_are_divided_not_multiplied(
    shard: Shard, gateway_class: type[Gateway], mantissa: int
) -> None:
    shard.symbols = ()
    shard.start()
    shard.add_symbol("BTCUSDT", px_exponent=-8)
    shard.write_cell("quote", 0, bid_px=mantissa)
    quote = gateway_class(shard.run_dir).quote(BTC)
    assert quote.bid_px == float(Decimal(mantissa).scaleb(-8))


def test_slot_that_was_never_written_is_empty_and_has_no_numbers(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(shard.run_dir)
    for value in (gateway.quote(BTC), gateway.ticker(BTC), gateway.last_trade(BTC)):
        assert value.state is Status.EMPTY
        assert value.ts_event is None
    assert math.isnan(gateway.quote(BTC).bid_px)
    assert math.isnan(gateway.ticker(BTC).volume)
    book = gateway.book(BTC)
    assert (book.state, book.bids, book.asks) == (Status.EMPTY, [], [])


@pytest.mark.parametrize("status", list(layout.Status))
def test_state_is_the_cells_own(
    shard: Shard, gateway_class: type[Gateway], status: layout.Status
) -> None:
    shard.write_cell("quote", 0, bid_px=1, status=status)
    shard.write_book(0, [(1, 1)], [(2, 2)], status=status)
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).state.name == status.name
    assert gateway.book(BTC).state.name == status.name
    assert gateway.quote(BTC).is_live == (status is layout.Status.LIVE)


def test_status_of_a_newer_layout_is_not_trusted(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=1, status=8)
    assert gateway_class(shard.run_dir).quote(BTC).state is Status.DEAD


def test_client_knows_every_status_of_the_layout() -> None:
    assert {s.name: int(s) for s in layout.Status} | {"DEAD": 255} == {
        s.name: int(s) for s in ClientStatus
    }


def test_book_is_cut_to_what_was_asked_for(shard: Shard, gateway_class: type[Gateway]) -> None:
    bids, asks = [(100 - n, 10 + n) for n in range(20)], [(101 + n, 20 + n) for n in range(3)]
    shard.write_book(0, bids, asks, bid_total=500, ask_total=3, update_id=77, snapshot_id=70)
    gateway = gateway_class(shard.run_dir)
    book = gateway.book(BTC)
    assert book.state is Status.LIVE
    assert book.bids == [(px / 100, qty / 1e5) for px, qty in bids]
    assert book.asks == [(px / 100, qty / 1e5) for px, qty in asks]
    assert (book.bids_complete, book.asks_complete) == (False, True)
    assert (book.update_id, book.snapshot_id, book.bid_total) == (77, 70, 500)
    short = gateway.book(BTC, levels=2)
    assert short.bids == book.bids[:2]
    assert not short.asks_complete
    assert short.asks_mantissa == (101, 20, 102, 21)


@pytest.mark.parametrize("levels", [1, 5, 50])
def test_book_has_as_many_levels_as_the_gateway_publishes(
    shard: Shard, gateway_class: type[Gateway], levels: int
) -> None:
    shard.levels = levels
    shard.start()
    bids, asks = [(1000 - n, 1 + n) for n in range(levels)], [(2000 + n, 1) for n in range(levels)]
    shard.write_book(0, bids, asks)
    book = gateway_class(shard.run_dir).book(BTC, levels=1000)
    assert book.bids_mantissa == tuple(number for level in bids for number in level)
    assert book.asks_mantissa == tuple(number for level in asks for number in level)


def test_ticker_and_last_trade(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.write_cell(
        "ticker", 0, last_px=100, change_percent=-150000000, average_px=5 * 10**8, volume=2.5,
        trade_count=9, open_time=4, close_time=5,
    )  # fmt: skip
    shard.write_cell(
        "last_trade", 0, px=100, qty=5, update_id=3, first_trade_id=3, last_trade_id=3,
        flags=Flag.BUYER_IS_MAKER,
    )  # fmt: skip
    gateway = gateway_class(shard.run_dir)
    ticker, trade = gateway.ticker(BTC), gateway.last_trade(BTC)
    assert (ticker.last_px, ticker.change_percent, ticker.average_px) == (1.0, -1.5, 5.0)
    assert (ticker.volume, ticker.trade_count, ticker.close_time) == (2.5, 9, 5)
    assert math.isnan(ticker.high_px)
    assert math.isnan(ticker.quote_volume)
    assert (trade.px, trade.qty, trade.update_id, trade.is_buyer_maker) == (1.0, 5e-5, 3, True)


def test_quotes_is_one_row_an_instrument(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.write_cell("quote", 1, bid_px=250, bid_qty=100000, ask_px=NULL, update_id=8, source=2)
    rows = gateway_class(shard.run_dir).quotes()
    assert rows["symbol"].tolist() == [BTC, ETH]
    assert rows["state"].tolist() == [Status.EMPTY, Status.LIVE]
    assert rows["bid_px"][1] == 2.5
    assert rows["bid_qty"][1] == 1.0
    assert np.isnan(rows["ask_px"][1])
    assert np.isnan(rows["bid_px"][0])
    assert (rows["update_id"][1], rows["source"][1]) == (8, 2)
    assert set(rows["epoch"]) == {shard.current.generation}


def test_unknown_symbol_names_what_is_near(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    with pytest.raises(UnknownSymbol) as caught:
        gateway.quote("spot:BTCUSD")
    assert caught.value.matches[0] == BTC
    assert str(caught.value).startswith("spot:BTCUSD: no such instrument here; did you mean")
    assert caught.value.exit_code == 67
    with pytest.raises(UnknownSymbol, match=r"gw\.symbols\(\) lists what there is"):
        gateway.book("nothing like it")


def test_instrument_that_comes_later_is_found(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    row = shard.add_symbol("NEWUSDT")
    shard.write_cell("quote", row, bid_px=500)
    assert gateway.quote("spot:NEWUSDT").bid_px == 5.0
    assert gateway.symbols() == [BTC, ETH, "spot:NEWUSDT"]


def test_retired_row_leads_to_the_one_that_replaced_it(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=100)
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).bid_px == 1.0
    shard.retire(0)
    shard.write_cell("quote", 0, bid_px=100, status=Status.RETIRED)
    row = shard.add_symbol("BTCUSDT", px_exponent=-4)
    shard.write_cell("quote", row, bid_px=10001)
    quotes = [gateway.quote(BTC) for _ in range(20000)]
    assert quotes[-1].bid_px == 1.0001
    assert gateway.instrument(BTC).px_exponent == -4
    assert gateway.symbols() == [ETH, BTC]


def test_retired_row_without_a_successor_says_so(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=100, status=Status.RETIRED)
    assert gateway_class(shard.run_dir).quote(BTC).state is Status.RETIRED


def test_gateway_may_be_read_by_several_threads(shard: Shard, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(shard.run_dir)
    failed: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(2000):
                gateway.quote(BTC)
                gateway.book(ETH)
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        shard.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_error_lists_every_place_it_looked_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gateway_class: type[Gateway]
) -> None:
    monkeypatch.delenv("GATEWAY_RUN_DIR", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 4294967294)
    with pytest.raises(GatewayNotRunning) as caught:
        gateway_class()
    text = str(caught.value)
    for place in ("/run/binance-gateway", f"{tmp_path}/binance-gateway", "-4294967294"):
        assert place in text
    assert "gateway start" in text
    assert "\n" not in text
    assert caught.value.exit_code == 69


def test_named_directory_is_the_only_one_looked_in(
    monkeypatch: pytest.MonkeyPatch, shard: Shard, tmp_path: Path, gateway_class: type[Gateway]
) -> None:
    monkeypatch.setenv("GATEWAY_RUN_DIR", str(shard.run_dir))
    assert gateway_class().run_dir == str(shard.run_dir)
    with pytest.raises(GatewayNotRunning) as caught:
        gateway_class(tmp_path)
    assert caught.value.tried == ((str(tmp_path), "no manifest.json"),)


def test_manifest_of_a_dead_gateway_is_no_gateway(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.segment.unlink()
    with pytest.raises(GatewayNotRunning, match="leftover"):
        gateway_class(shard.run_dir)


def test_segment_of_another_boot_is_no_gateway(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.store("boot_id", 1)
    with pytest.raises(GatewayNotRunning, match="earlier boot"):
        gateway_class(shard.run_dir)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "shards": []}', '{"version": 1, "shards": [{}]}', "\0"]
)
def test_manifest_that_is_none_is_named(
    shard: Shard, gateway_class: type[Gateway], text: str
) -> None:
    path = shard.run_dir / "manifest.json"
    path.write_text(text)
    with pytest.raises(ManifestUnusable, match=r"manifest\.json: is no manifest"):
        gateway_class(shard.run_dir)


def test_segment_of_another_version_is_refused_by_name(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.store("abi_major", 2)
    with pytest.raises(SegmentUnusable, match=r"shard-0\.seg: has .*layout version") as caught:
        gateway_class(shard.run_dir)
    assert caught.value.exit_code == 76


def test_shards_are_joined(shard: Shard, gateway_class: type[Gateway]) -> None:
    """A second shard comes with the next manifest and is found without a new Gateway."""
    gateway = gateway_class(shard.run_dir)
    other_dir = shard.run_dir / "other"
    other_dir.mkdir()
    other = Shard(other_dir, symbols=("SOLUSDT",)).start()
    other.write_cell("quote", 0, bid_px=100)
    other.segment.rename(shard.run_dir / "shard-1.seg")
    first = json.loads((shard.run_dir / "manifest.json").read_text())["shards"][0]
    second = first | {"id": 1, "segment": "shard-1.seg", "symbols": ["spot:SOLUSDT"]}
    shard.write_manifest(shards=[first, second])
    assert gateway.quote("spot:SOLUSDT").bid_px == 1.0
    assert gateway.symbols() == [BTC, ETH, "spot:SOLUSDT"]
    assert len(gateway.quotes()) == 3
    assert len(gateway.status().shards) == 2


def test_status_tells_what_is_there(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.write_cell("quote", 0, bid_px=1)
    status = gateway_class(shard.run_dir).status()
    assert (status.instance, status.upstream, status.started_ns) == ("7", "binance", 5)
    (one,) = status.shards
    assert one.is_alive
    assert one.segment_state == "LIVE"
    assert one.states["quote"] == {"LIVE": 1, "EMPTY": 1}
    assert one.states["book"] == {"EMPTY": 2}
    assert one.symbols == [BTC, ETH]
    assert one.counters["frames_received"] == 0
    assert {latency.name: latency.one_in for latency in one.latencies} == {
        "event_to_recv": 1, "recv_to_publish": 1, "publish_to_visible": 16, "publish_to_zmq": 16,
    }  # fmt: skip


def test_values_outlive_the_gateway(shard: Shard, gateway_class: type[Gateway]) -> None:
    shard.write_cell("quote", 0, bid_px=100)
    with gateway_class(shard.run_dir) as gateway:
        quote, book = gateway.quote(BTC), gateway.book(BTC)
    assert quote.bid_px == 1.0
    assert book.symbol == BTC


def test_plain_reader_refuses_a_machine_without_ordered_loads(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(AcceleratorMissing, match="x86-64 only, not on aarch64"):
        PlainGateway(shard.run_dir)
    Gateway(shard.run_dir)


@pytest.mark.parametrize("value", [0, 1, 31, 32, 33, 63, 64, 1000, 10**6, 10**9, 2**63])
def test_bucket_edges_hold_the_values_that_the_layout_puts_there(value: int) -> None:
    """The rule stands in LAYOUT.md: e = floor(log2 v), ((e - 4) << 5) | ((v >> (e - 5)) & 31)."""
    e = value.bit_length() - 1
    bucket = value if value < 32 else ((e - 4) << 5) | ((value >> (e - 5)) & 31)
    assert value <= bucket_end(bucket) <= value + value // 31
    assert bucket == 0 or bucket_end(bucket - 1) < value


def test_percentiles() -> None:
    buckets = tuple(10 if at in (5, 20) else 0 for at in range(64))
    assert [percentile(buckets, share) for share in (0.1, 0.5, 0.51, 1.0)] == [5, 5, 20, 20]
    assert percentile((0,) * 8, 0.5) == 0
