"""Both readers find in the golden segments what stands beside them, through the public calls."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway_client import EventKind, Kline, NoLatestValue, Status, UnknownStream
from gateway_client.errors import SegmentUnusable
from gateway_client.gateway import Gateway
from gateway_client.latest import KLINES
from gateway_client.layout import NO_ROW, NULL, Flag, Kind, OrderSide, SectionKind, Shape
from gateway_client.records import _CLASSES, KINDS
from gateway_client.tables import completed, decode, decode_rows
from tests import golden

STRUCTS = {kind: layout for kind, (_, layout) in _CLASSES.items()}
SLOTS = {"last_trade": "trade", "mark_price": "mark", "gaps": "gap"}
ENDS = ("bid_complete_px", "ask_complete_px")
SPOT, USDM, COINM = "spot:BTCUSDT", "usdm:BTCUSDT", "coinm:BTCUSD"


class Golden:
    """A run directory with one golden segment in it, its heartbeat young for ten minutes."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self.run_dir, self.name = run_dir, name
        self.want = golden.expected(name)
        self.ids = [f"{row['market_name']}:{row['symbol']}" for row in self.want["symbols"]]
        data = golden.segment(name)
        struct.pack_into("<I", data, 0xA4, 600_000)  # heartbeat_timeout_ms: no test need hurry
        (run_dir / "shard-0.seg").write_bytes(data)
        shard = {
            "id": 0, "pid": 1, "generation": self.want["header"]["generation"],
            "segment": "shard-0.seg", "publisher": "ipc:///nowhere/shard-0.pub",
            "symbols": self.ids, "streams": [],
        }  # fmt: skip
        manifest = {"version": 1, "instance": "1", "pid": 1, "started_ns": 0, "upstream": ""}
        (run_dir / "manifest.json").write_text(json.dumps(manifest | {"shards": [shard]}))

    @property
    def path(self) -> str:
        return str(self.run_dir / "shard-0.seg")


@pytest.fixture(params=golden.SEGMENTS)
def made(run_dir: Path, request: pytest.FixtureRequest) -> Golden:
    return Golden(run_dir, request.param)


@pytest.fixture(params=[golden.MINOR_1, golden.MINOR_2, golden.MINOR_3])
def newer(run_dir: Path, request: pytest.FixtureRequest) -> Golden:
    return Golden(run_dir, request.param)


@pytest.fixture
def newest(run_dir: Path) -> Golden:
    return Golden(run_dir, golden.MINOR_3)


@pytest.fixture
def older(run_dir: Path) -> Golden:
    return Golden(run_dir, golden.MINOR_0)


@pytest.fixture
def segment(made: Golden, backend: ModuleType) -> Any:
    return backend.Segment(made.path)


def assert_same(found: dict[str, Any], want: dict[str, Any], skip: tuple[str, ...] = ()) -> None:
    names = set(found) & set(want) - set(skip)
    assert names
    for name in names:
        assert found[name] == want[name], name


def test_header(made: Golden, segment: Any) -> None:
    patched = ("heartbeat_mono", "heartbeat_real", "heartbeat_timeout_ms")
    assert_same(decode("header", segment.header()), made.want["header"], patched)
    assert segment.generation == made.want["header"]["generation"]


@pytest.mark.parametrize(
    ("name", "layout", "kind"),
    [
        ("symbols", "symbol", SectionKind.SYMBOLS),
        ("connections", "connection", SectionKind.CONNECTIONS),
        ("streams", "stream", SectionKind.STREAMS),
    ],
)
def test_directories(made: Golden, segment: Any, name: str, layout: str, kind: SectionKind) -> None:
    rows = list(decode_rows(layout, segment.rows(kind)))
    assert len(rows) == len(made.want[name])
    for found, want in zip(rows, made.want[name], strict=True):
        assert_same(found, want)


def test_streams_of_minor_version_0_have_no_parent_and_no_value(
    older: Golden, backend: ModuleType
) -> None:
    rows = list(decode_rows("stream", backend.Segment(older.path).rows(SectionKind.STREAMS)))
    assert {(row["parent"], row["value"], row["shape"]) for row in rows} == {
        (NO_ROW, NO_ROW, Shape.OBJECT)
    }


def test_counters_and_histogram(made: Golden, segment: Any) -> None:
    counters = decode("counters", segment.rows(SectionKind.COUNTERS)[0])
    found = {name: value for name, value in counters.items() if value}
    assert found == made.want["counters"]
    histograms = decode_rows("histogram", segment.rows(SectionKind.HISTOGRAMS))
    rows = {row["name"]: row for row in histograms}
    for want in made.want.get("histograms", [made.want["histogram"]]):
        row = rows[want["name"]]
        buckets = {str(at): count for at, count in enumerate(row["buckets"]) if count}
        assert_same(row | {"buckets": buckets}, want)
    assert {row["one_in"] for row in rows.values()} == (
        {1, 16} if "histograms" in made.want else {0}
    )


def test_slots(made: Golden, segment: Any) -> None:
    for name, wanted in made.want["slots"].items():
        layout = SLOTS.get(name, name)
        kind, section = SectionKind[name.upper()], made.want["sections"][name]
        for row in range({"values": 13, "gaps": 4}.get(name, made.want["header"]["symbol_count"])):
            want = wanted.get(str(row))
            status, cell = segment.read(kind, row)
            if want is None:
                assert status == Status.EMPTY
                continue
            assert status == want["status"]
            struct_ = "book" if section["param"] else layout
            struct_ = STRUCTS[want["kind"]] if name == "values" else struct_
            assert_same(decode(struct_, cell.ljust(832, b"\0")), want, ("bids", "asks", *ENDS))


def test_books_have_the_levels_of_the_section_not_those_compiled_in(
    made: Golden, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(made.run_dir)
    for name, call in (("book", gateway.book), ("partial", gateway.partial)):
        for row, want in made.want["slots"][name].items():
            found = call(made.ids[int(row)])
            assert found.bids_mantissa == flat(want["bids"])
            assert found.asks_mantissa == flat(want["asks"])
            for end in ENDS:  # not known of what an older writer made
                px = want.get(end, NULL)
                assert getattr(found, f"{end}_mantissa") == (None if px == NULL else px)


def test_how_far_a_book_is_known(newest: Golden, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(newest.run_dir)
    book, partial = gateway.book("usdm:BTCUSDT.RPI"), gateway.partial(USDM)
    assert (book.bid_complete_px, math.isnan(book.ask_complete_px)) == (91220.0, True)
    assert (partial.bid_complete_px, partial.ask_complete_px) == (91229.0, 91230.1)


def test_quotes(made: Golden, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(made.run_dir)
    assert gateway.symbols() == made.ids
    for row, want in made.want["slots"]["quote"].items():
        symbol = made.ids[int(row)]
        quote, instrument = gateway.quote(symbol), gateway.instrument(symbol)
        assert quote.state == want["status"]
        assert quote.source == {1: "bookTicker", 2: "book"}[want["source"]]
        for name in ("bid_px", "ask_px", "bid_qty", "ask_qty"):
            scale = instrument.px_scale if name.endswith("px") else instrument.qty_scale
            number = want[name] / scale if want[name] != NULL else math.nan
            assert getattr(quote, name) == pytest.approx(number, rel=0, abs=0, nan_ok=True)
        assert quote.update_id == want["update_id"]


def flat(levels: list[list[int]]) -> tuple[int, ...]:
    return tuple(number for level in levels for number in level)


@pytest.mark.parametrize(("name", "kind"), [("events", 12), ("raw", 13)])
def test_rings(made: Golden, segment: Any, name: str, kind: int) -> None:
    want = made.want[name]
    ring = segment.ring(kind)
    assert (ring.position, ring.number) == (want["tail"], want["record_count"])
    ring.start_at(want["start"])
    for expected in want["records"]:
        record = ring.next()
        assert_same(decode("meta", record), expected)
        layout = "raw" if kind == 13 else STRUCTS[expected["kind"]]
        assert_same(decode(layout, completed(layout, record)), expected)
        assert len(record) == expected["length"]
        if "frame" in expected:
            payload = record[128 : 128 + expected["payload_length"]]
            assert payload.decode() == expected["frame"]
    assert ring.next() is None
    assert (ring.position, ring.lost, ring.laps) == (want["tail"], 0, 0)


def test_reader_that_starts_at_the_beginning_of_a_ring_gone_round_is_lapped(
    older: Golden, backend: ModuleType
) -> None:
    ring, events = backend.Segment(older.path).ring(SectionKind.EVENTS), older.want["events"]
    ring.start_at(0)
    assert ring.next() is None
    assert (ring.laps, ring.lost, ring.position) == (1, events["record_count"], events["tail"])


def test_oldest_record_is_found_without_knowing_where_it_is(made: Golden, segment: Any) -> None:
    ring = segment.ring(SectionKind.EVENTS)
    ring.start_at_oldest()
    assert ring.position in [record["ring_position"] for record in made.want["events"]["records"]]


def test_events_as_objects(made: Golden, gateway_class: type[Gateway]) -> None:
    want_all = made.want["events"]
    events = gateway_class(made.run_dir).events(position=want_all["start"], timeout=0)
    for event, want in zip(events, want_all["records"], strict=True):
        assert event.kind is KINDS[want["kind"]]
        symbol = made.ids[want["symbol"]] if want["symbol"] != NO_ROW else ""
        assert (event.symbol, event.number) == (symbol, want["version"])
        assert event.stream == made.want["streams"][want["stream"]]["name"]
        assert event.update_id == want["update_id"]
        assert type(event) is _CLASSES[want["kind"]][0]
        if "bids" in want:
            assert event.bids_mantissa == flat(want["bids"])  # type: ignore[attr-defined]  # a diff
            assert event.asks_mantissa == flat(want["asks"])  # type: ignore[attr-defined]  # a diff


def test_fields_of_every_kind_of_event(newer: Golden, gateway_class: type[Gateway]) -> None:
    """What the classes say is what was written, by name, for all that needs no scale."""
    events = gateway_class(newer.run_dir).events(position=0, timeout=0)
    other_names = {
        "previous_status",
        "subject",
        "gap_state",
        "side",
        "has_brackets",
        "status",
        "source",
    }
    for event, want in zip(events, newer.want["events"]["records"], strict=True):
        for name in set(want) & set(dir(type(event))) - other_names:
            found, value = getattr(event, name), want[name]
            if isinstance(value, str):
                assert found == value
            elif isinstance(found, int) and not isinstance(found, bool):
                assert found == value, name
            elif found is None:
                assert value == NULL or event.kind is EventKind.MINI_TICKER, name


def test_every_value_has_its_accessor(newer: Golden, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(newer.run_dir)
    kline = gateway.kline(SPOT, "1m")
    assert (kline.state, kline.interval, kline.px_exponent) == (Status.LIVE, "1m", -2)
    assert (kline.open_px, kline.close_px, kline.volume) == (91230.0, 91234.56, 12.345)
    assert (kline.trade_count, kline.is_closed) == (90, False)
    assert gateway.kline("usdm:BTCUSDT_PERPETUAL", "1m", "continuous").is_closed
    assert gateway.kline(COINM, "1m", "index").close_px == 91242.5044
    assert gateway.kline("coinm:BTCUSD_PERP", "1m", kind="mark").close_px == 91240.82761333
    mark = gateway.mark_price(USDM)
    assert (mark.mark_px, mark.funding_rate) == (91231.55, 0.0001)
    assert mark.next_funding_time == newer.want["slots"]["mark_price"]["1"]["next_funding_time"]
    index = gateway.index_price(COINM)
    assert index.index_px == 91236.5786
    assert math.isnan(index.mark_px)
    assert index.next_funding_time is None
    average = gateway.average_price(SPOT)
    assert (average.px, average.interval) == (91222.33, "5m")
    assert math.isnan(gateway.reference_price(SPOT).px)
    composite = gateway.composite_index("usdm:DEFIUSDT")
    assert (composite.px, composite.component_count) == (554.41604065, 1)
    order = gateway.liquidation(USDM)
    assert (order.side, order.px, order.average_px, order.qty) == (
        OrderSide.SELL,
        91100,
        91120.1,
        0.014,
    )
    assert (order.order_type, order.time_in_force, order.order_status) == ("LIMIT", "IOC", "FILLED")
    contract = gateway.contract_info(USDM)
    assert (contract.contract_type, contract.contract_status) == ("PERPETUAL", "TRADING")
    assert (contract.delivery_time, contract.has_brackets) == (None, True)
    asset = gateway.asset_index("usdm:ADAUSD")
    assert (asset.index_px, asset.bid_rate, asset.auto_ask_rate) == (
        0.27462452,
        0.24716207,
        0.28835575,
    )
    block = gateway.block_trade(SPOT)
    assert (block.px, block.qty, block.is_buyer_maker) == (91200.0, 58.0, True)


def test_tickers_lack_what_their_stream_does_not_send(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(newer.run_dir)
    day, hour, mini = gateway.ticker(SPOT), gateway.ticker(SPOT, "1h"), gateway.ticker(USDM)
    assert (day.bid_px, day.trade_count) == (91234.55, 10000090)
    assert math.isnan(hour.bid_px)
    assert (hour.change_px, hour.trade_count) == (1234.56, 100090)
    assert (mini.last_px, mini.volume) == (91230.1, 200000.0)
    assert math.isnan(mini.change_px)
    assert (mini.open_time, mini.first_trade_id, mini.trade_count) == (None, None, None)
    assert mini.decimal("trade_count") is None
    with pytest.raises(UnknownStream, match="spot:btcusdt@ticker_4h"):
        gateway.ticker(SPOT, "4h")


def test_quantity_without_retail_orders_is_of_aggregates_alone(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(newer.run_dir)
    trade = gateway.last_trade(USDM)
    assert (trade.qty, trade.normal_qty, trade.normal_qty_mantissa) == (0.01, 0.008, 8)
    assert math.isnan(gateway.last_trade(SPOT).normal_qty)


def test_latest_of_any_stream_by_its_name(newer: Golden, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(newer.run_dir)
    whole = (Shape.ARRAY, Shape.MERGED, Shape.SYNTHETIC)
    for stream in newer.want["streams"]:
        name = stream["name"]
        if stream["shape"] in whole or stream["kind"] == Kind.TRADING_SESSION:
            with pytest.raises(NoLatestValue, match="has no latest value"):
                gateway.latest(name)
            continue
        value = gateway.latest(name)
        assert value.symbol == newer.ids[stream["symbol"]]
        assert value.state == (Status.EMPTY if stream["value"] == 12 else Status.LIVE)
    assert isinstance(gateway.latest("spot:btcusdt@bookTicker"), type(gateway.quote(SPOT)))


def test_value_that_was_never_written_is_empty_and_has_no_numbers(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    kline = gateway_class(newer.run_dir).kline("usdm:ETHUSDT", "5m")
    assert (kline.state, kline.ts_event, kline.open_time, kline.interval) == (
        Status.EMPTY, None, None, "",
    )  # fmt: skip
    assert math.isnan(kline.close_px)
    assert math.isnan(kline.volume)


def test_book_with_retail_orders_is_a_symbol_of_its_own(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(newer.run_dir)
    book = gateway.book("usdm:BTCUSDT.RPI")
    assert book.bids == [(91230.0, 5.21), (91229.0, 0.001)]
    assert gateway.book(USDM).state is Status.EMPTY


def test_segment_without_the_newer_sections_is_read(
    older: Golden, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(older.run_dir)
    trade = gateway.last_trade(SPOT)
    assert (trade.state, trade.px) == (Status.LIVE, 67123.44)
    assert math.isnan(trade.normal_qty)
    assert gateway.mark_price(SPOT).state is Status.EMPTY
    assert math.isnan(gateway.mark_price(SPOT).mark_px)
    for kind in KLINES:
        with pytest.raises(UnknownStream):
            gateway.kline(SPOT, "1m", kind)
    (event, *_) = gateway.events(position=older.want["events"]["start"], timeout=0)
    assert math.isnan(event.normal_qty)  # type: ignore[attr-defined]  # an aggTrade
    (shard,) = gateway.status().shards
    assert shard.deliveries == {"DELIVERING": 6}
    assert {connection.peer for connection in shard.connections} == {""}
    assert shard.halted == []


def test_status_counts_what_streams_do(newer: Golden, gateway_class: type[Gateway]) -> None:
    (shard,) = gateway_class(newer.run_dir).status().shards
    assert shard.deliveries == {"DELIVERING": 23, "SILENT": 1}
    assert (shard.never_delivered, shard.row_streams) == (1, 3)
    silent = [stream.name for stream in shard.streams if stream.delivery == "SILENT"]
    assert silent == ["usdm:ethusdt@kline_5m"]
    assert shard.halted == ["usdm:ETHUSDT"]
    assert shard.states["mark_price"] == {"LIVE": 2, "EMPTY": 7}
    assert shard.states["values"] == {"LIVE": 12, "EMPTY": 1}
    links = {each.name: each for each in shard.connections}
    assert (links["spot/ws/0/b"].state, links["spot/ws/0/b"].peer) == ("IDLE", "spot/ws/0/a")
    assert (links["usdm/market/0/b"].duplicates, links["usdm/market/0/b"].lag_ns) == (28, 2500000)
    assert (links["coinm/market/0/a"].peer, links["coinm/market/0/a"].streams) == ("", 3)


def test_frames_that_were_not_published_say_why(newer: Golden, backend: ModuleType) -> None:
    ring = backend.Segment(newer.path).ring(SectionKind.RAW)
    ring.start_at(0)
    metas = [decode("meta", ring.next()) for _ in range(4)]
    reasons = [Flag(meta["flags"]) & ~(Flag.FIRST | Flag.LAST) for meta in metas]
    assert reasons == [Flag(0), Flag.DUPLICATE, Flag.EARLY, Flag.FOREIGN]
    assert [meta["sequence"] for meta in metas] == [6, 0, 0, 0]


def test_kind_of_kline_that_does_not_exist_is_refused(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    with pytest.raises(ValueError, match="must be one of kline, mark, index, continuous"):
        gateway_class(newer.run_dir).kline(SPOT, "1m", "candle")


def test_price_with_an_exponent_that_no_market_has_is_no_number(
    newer: Golden, gateway_class: type[Gateway]
) -> None:
    kline = gateway_class(newer.run_dir).kline(SPOT, "1m")
    at = 0xD0
    for exponent in (1, -21, 2**31 - 1, -(2**31)):
        data = kline.data[:at] + exponent.to_bytes(4, "little", signed=True) + kline.data[at + 4 :]
        damaged = Kline(data, 1, kline.instrument)
        assert math.isnan(damaged.close_px)
        assert damaged.decimal("close_px") is None


def test_segment_of_another_boot_is_refused(run_dir: Path, backend: ModuleType) -> None:
    path = run_dir / "old.seg"
    path.write_bytes(golden.segment(alive=False))
    with pytest.raises(SegmentUnusable, match="earlier boot"):
        backend.Segment(str(path))
    assert not backend.Segment(str(path), any_boot=True).is_alive()
