"""Plans: what goes where, how much memory it takes, and what changes."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.config import (
    Audit,
    Backfill,
    Book,
    Config,
    Connections,
    Memory,
    OnDemand,
    Upstream,
)
from gateway.layout import Kind, Market, Shape
from gateway.patterns import select
from gateway.plan import (
    NONE,
)
from gateway.planner import Layout, bytes_needed, is_listed
from gateway.stream_forms import Subject
from gateway.streams import Stream, parse, parse_all
from tests.plan_model import (
    ShardModel,
    find,
    instrument,
    layout_of,
    listing,
    of_streams,
    placed,
    plan_of,
    symbols_of,
)

# A plan.


def test_connections_are_split_by_market_and_route() -> None:
    plan = plan_of(*Config().subscribe)
    assert {c.name: (c.urls[0], c.control_per_second) for c in plan.connections} == {
        "spot/public/0": ("wss://stream.binance.com:9443/stream", 3),
        "usdm/public/0": ("wss://fstream.binance.com/public/stream", 8),
        "usdm/market/0": ("wss://fstream.binance.com/market/stream", 8),
    }


def test_connections_know_every_address_and_when_to_rotate() -> None:
    config = Config(connections=Connections(redundancy=2, rotate_hours=2.0))
    (connection,) = plan_of("coinm:a_perp@aggTrade", config=config).connections
    assert connection.urls == (
        "wss://dstream.binance.com/market/stream",
        "wss://dstream.binance.com/stream",
    )
    assert connection.redundancy == 2
    assert 6500 < connection.rotate_after_s <= 7200


def test_stream_rows_point_at_their_symbol_and_connection() -> None:
    plan = plan_of("spot:a@trade", "usdm:b@depth20", "usdm:b@aggTrade", "usdm:a@markPrice@1s")
    found = [
        (s.name, s.kind, s.levels, s.expected_ms, plan.symbols[s.symbol].symbol)
        for s in plan.streams
    ]
    assert found == [
        ("spot:a@trade", Kind.TRADE, 0, 0, "A"),
        ("usdm:b@depth20", Kind.PARTIAL, 20, 0, "B"),
        ("usdm:b@aggTrade", Kind.AGG_TRADE, 0, 0, "B"),
        ("usdm:a@markPrice@1s", Kind.MARK_PRICE, 0, 1000, "A"),
    ]
    assert placed(plan) == {
        "spot:a@trade": "spot/public/0",
        "usdm:b@depth20": "usdm/public/0",
        "usdm:b@aggTrade": "usdm/market/0",
        "usdm:a@markPrice@1s": "usdm/market/0",
    }
    assert [(s.market, s.symbol) for s in plan.symbols] == [
        (Market.SPOT, "A"), (Market.USDM, "B"), (Market.USDM, "A"),
    ]  # fmt: skip


def test_book_with_retail_orders_is_a_row_of_its_own() -> None:
    plan = plan_of("usdm:a@depth@500ms", "usdm:a@rpiDepth@500ms")
    assert [symbol.row_name for symbol in plan.symbols] == ["A", "A.RPI"]
    assert [symbol.px_exponent for symbol in plan.symbols] == [-2, -2]


def test_no_connection_carries_more_streams_than_it_may() -> None:
    names = [f"spot:s{n}@trade" for n in range(450)] + ["usdm:s0@trade"]
    load = Counter(placed(plan_of(*names)).values())
    assert load == {
        "spot/public/0": 150, "spot/public/1": 150, "spot/public/2": 150, "usdm/public/0": 1,
    }  # fmt: skip
    config = Config(connections=Connections(streams_max=1024))
    assert Counter(placed(plan_of(*names, config=config)).values())["spot/public/0"] == 450


def test_directories_have_twice_the_room_that_is_needed() -> None:
    small = plan_of("spot:a@trade")
    assert (small.symbol_capacity, small.stream_capacity) == (256, 2048)
    assert (small.connection_capacity, small.value_capacity) == (64, 1024)
    config = Config(memory=Memory(value_capacity_min=1, stream_capacity_min=1))
    large = plan_of(*(f"spot:s{n}@kline_1m" for n in range(300)), config=config)
    assert (large.symbol_capacity, large.stream_capacity) == (600, 600)
    assert large.value_capacity == 600
    assert plan_of("spot:a@trade", config=config).value_capacity == 1


def test_links_of_all_connections_have_room() -> None:
    config = Config(connections=Connections(streams_max=1))
    plan = plan_of(*(f"spot:s{n}@trade" for n in range(30)), config=config)
    assert len(plan.connections) == 30
    assert plan.connection_capacity == 2 * 2 * 30


def test_rows_of_arrays_count_as_streams_and_values() -> None:
    instruments = listing(*(f"usdm:S{n}" for n in range(900)))
    config = Config(memory=Memory(value_capacity_min=1, stream_capacity_min=1))
    for name, values in (("usdm:!forceOrder@arr", 1800), ("usdm:!ticker@arr", 1)):
        (plan,) = layout_of(name, config=config, instruments=instruments).plans()
        assert plan.stream_capacity == 2 * 901
        assert plan.value_capacity == values


def test_on_demand_streams_have_room_from_the_start() -> None:
    config = Config(on_demand=OnDemand(enabled=True, streams_max=2000))
    plan = plan_of("spot:a@trade", config=config)
    assert (plan.symbol_capacity, plan.stream_capacity) == (2 * 2001, 2 * 2001)
    assert plan.value_capacity == 2 * 2000


def test_default_memory_fits_under_48_mib() -> None:
    plan = plan_of(*Config().subscribe)
    needed = bytes_needed([plan])
    assert plan.events_ring_bytes + plan.raw_ring_bytes < needed <= 48 << 20


def test_plan_is_the_same_each_time() -> None:
    assert plan_of(*Config().subscribe) == plan_of(*Config().subscribe)


def test_upstream_replaces_every_address() -> None:
    config = Config(upstream=Upstream("ws://127.0.0.1:1", "http://127.0.0.1:2"))
    plan = plan_of("usdm:a@ticker", config=config)
    assert [c.urls for c in plan.connections] == [("ws://127.0.0.1:1/usdm/market/stream",)]


def test_settings_reach_the_shard() -> None:
    config = Config(
        upstream=Upstream(proxy="socks5://127.0.0.1:1", tls_ca_file="ca.pem"),
        connections=Connections(ping_seconds=20),
        book=Book(snapshot_levels=500, depth_levels={"spot:A": 5000}),
        audit=Audit(interval_seconds=60),
        backfill=Backfill(enabled=False, events_max=7),
    )
    plan = plan_of("spot:a@trade", config=config)
    assert (plan.snapshot_levels, plan.depth_levels) == (500, {"spot:A": 5000})
    assert (plan.audit_interval_s, plan.backfill, plan.backfill_events_max) == (60, False, 7)
    assert (plan.proxy, plan.tls_ca_file) == ("socks5://127.0.0.1:1", "ca.pem")
    assert (plan.ping_interval_s, plan.first_data_s, plan.lag_s) == (20, 30, 3)
    assert (plan.run_dir, plan.instance_id, plan.shard_count) == ("/dev/shm/x", 7, 1)


# What the venue lists.


def test_streams_of_symbols_the_venue_does_not_list_are_left_out() -> None:
    streams = parse_all(["usdm:b@trade", "spot:a@trade", "spot:zz@trade", "spot:zz@depth"])
    known = listing("spot:A", instrument("usdm:B", "DELIVERED"))
    assert [s.name for s in streams if is_listed(s, known)] == ["spot:a@trade"]
    layout = Layout.make(Config(), streams, known, "/dev/shm/x", 7)
    assert layout.streams == {"spot:a@trade": 0}


def test_a_pair_is_no_instrument_and_an_instrument_no_pair() -> None:
    known = listing("coinm:BTCUSD_PERP", instrument("coinm:BTCUSD", subject=Subject.PAIR))
    good = parse_all(["coinm:btcusd@indexPrice", "coinm:btcusd_perp@markPrice", "usdm:!bookTicker"])
    assert all(is_listed(stream, known) for stream in good)
    odd = instrument("usdm:ABC", subject=Subject.CONTRACT)
    assert not is_listed(parse("usdm:abc@trade"), listing(odd))


# Whole-market streams.


def test_array_has_rows_and_what_is_subscribed_by_itself_is_covered() -> None:
    plan = layout_of(
        "usdm:b@ticker", "usdm:!ticker@arr", instruments=listing("usdm:A", "usdm:B", "spot:C")
    ).plans()[0]
    array = find(plan, "usdm:!ticker@arr")
    assert (array.shape, array.split, array.symbol) == (Shape.ARRAY, "ticker", NONE)
    assert symbols_of(plan, array.rows) == ["A"]
    assert symbols_of(plan, array.covered) == ["B"]


def test_spot_ticker_array_is_put_together_from_every_ticker() -> None:
    known = listing("spot:A", "spot:B", instrument("spot:C", "BREAK"))
    (plan,) = layout_of("spot:b@trade", "spot:!ticker@arr", instruments=known).plans()
    array = plan.streams[-1]
    assert (array.name, array.shape) == ("spot:!ticker@arr", Shape.SYNTHETIC)
    assert (array.connection, array.symbol) == (NONE, NONE)
    assert symbols_of(plan, array.rows) == ["B", "A"]
    assert sorted(placed(plan)) == ["spot:a@ticker", "spot:b@ticker", "spot:b@trade"]


def test_parts_go_with_the_spot_ticker_array_but_for_those_wanted_themselves() -> None:
    known = listing("spot:A", "spot:B")
    layout = layout_of("spot:!ticker@arr", "spot:a@ticker", instruments=known)
    change = layout.change(parse_all(["spot:a@ticker"]), known)[0]
    assert set(change.remove) == {"spot:!ticker@arr", "spot:b@ticker"}
    assert set(layout.streams) == {"spot:a@ticker"}


# Shards.

SHARDS = Config(shards=3)


def test_all_streams_of_a_pair_are_on_one_shard() -> None:
    names = [
        f"coinm:{s}"
        for pair in ("btcusd", "ethusd", "solusd", "adausd")
        for s in (
            f"{pair}_perp@trade", f"{pair}_perp@aggTrade", f"{pair}_261225@bookTicker",
            f"{pair}@indexPrice", f"{pair}@markPrice", f"{pair}_perpetual@continuousKline_1m",
        )
    ]  # fmt: skip
    homes = layout_of(*names, config=SHARDS).streams
    for pair in ("btcusd", "ethusd", "solusd", "adausd"):
        assert len({homes[name] for name in names if pair in name}) == 1
    assert set(homes.values()) == {0, 1, 2}


def test_shards_are_filled_by_rate() -> None:
    names = [f"spot:s{n}@trade" for n in range(9)]
    rates = {"spot:s0@trade": 1000.0, "spot:s1@trade": 600.0}
    streams = parse_all(names)
    layout = Layout.make(SHARDS, streams, of_streams(streams), "/x", 7, rates)
    count = Counter(layout.streams.values())
    assert sorted(count.values()) == [1, 1, 7]
    assert count[layout.streams["spot:s0@trade"]] == 1


def test_whole_market_streams_are_on_shard_0_which_gets_less_of_the_rest() -> None:
    known = listing(*(f"usdm:S{n}" for n in range(30)))
    names = ["usdm:!markPrice@arr@1s", "usdm:!miniTicker@arr"]
    names += [f"usdm:s{n}@aggTrade" for n in range(30)]
    layout = layout_of(*names, config=SHARDS, instruments=known)
    homes = layout.streams
    assert homes["usdm:!markPrice@arr@1s"] == homes["usdm:!miniTicker@arr"] == 0
    count = Counter(homes.values())
    assert count[0] - 2 < count[1]
    plans = layout.plans()
    assert len(find(plans[0], "usdm:!miniTicker@arr").rows) == 30
    assert sum(len(plan.symbols) for plan in plans) == 30 + count[1] + count[2]


def test_names_of_connections_are_unique_among_shards() -> None:
    plans = layout_of(*(f"spot:s{n}@trade" for n in range(9)), config=SHARDS).plans()
    names = [connection.name for plan in plans for connection in plan.connections]
    assert sorted(names) == ["spot/public/0", "spot/public/1", "spot/public/2"]
    assert [plan.shard_count for plan in plans] == [3, 3, 3]


def test_tickers_move_to_the_shard_of_the_array_that_is_made_of_them() -> None:
    known = listing(*(f"spot:S{n}" for n in range(6)))
    names = [f"spot:s{n}@{kind}" for n in range(6) for kind in ("ticker", "trade")]
    layout = layout_of(*names, config=SHARDS, instruments=known)
    before = layout.streams
    layout.change(parse_all([*names, "spot:!ticker@arr"]), known)
    after = layout.streams
    assert {after[f"spot:s{n}@ticker"] for n in range(6)} == {0}
    assert all(after[name] == before[name] for name in names if name.endswith("trade"))


def test_name_too_long_for_the_directory_is_not_planned() -> None:
    form = parse("usdm:a@rpiDepth@500ms").form
    stream = Stream(Market.USDM, "X" * 28, "rpiDepth@500ms", form)
    assert Layout.make(Config(), [stream], of_streams([stream]), "/x", 7).streams == {}


def test_two_thousand_instruments_are_planned_within_the_memory_of_a_small_host() -> None:
    spot, usdm = [f"spot:S{n}" for n in range(1500)], [f"usdm:U{n}" for n in range(500)]
    known = listing(*spot, *usdm)
    kinds = ("bookTicker", "depth@100ms", "aggTrade", "ticker", "kline_1m")
    selection = select([f"{m}:*@{k}" for m in ("spot", "usdm") for k in kinds])
    config = Config(shards=2)
    layout = Layout.make(config, selection.expand(known).streams, known, "/x", 7)
    plans = layout.plans()
    assert sum(len(plan.streams) for plan in plans) == 10_000
    for plan in plans:
        assert max(Counter(placed(plan).values()).values()) <= 200
        model = ShardModel(plan)
        assert len(model.streams) == len(plan.streams)
    sizes = [len(plan.streams) for plan in plans]
    assert abs(sizes[0] - sizes[1]) < 50
    assert bytes_needed(plans) < 256 << 20


def test_unlisted_market_wide_streams_need_no_instruments() -> None:
    plan = layout_of("usdm:tradingSession", "usdm:!contractInfo", instruments={}).plans()[0]
    session, contracts = plan.streams
    assert (session.shape, session.symbol) == (Shape.OBJECT, NONE)
    assert (contracts.shape, contracts.rows) == (Shape.MERGED, ())


@pytest.mark.parametrize("shards", [1, 2, 5])
def test_empty_shards_are_planned_too(shards: int) -> None:
    plans = layout_of("spot:a@trade", config=Config(shards=shards)).plans()
    assert [plan.shard_id for plan in plans] == list(range(shards))
    assert sum(len(plan.streams) for plan in plans) == 1
