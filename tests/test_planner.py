"""Plans: what goes where, and how much memory it takes."""

from __future__ import annotations

from collections import Counter

from gateway.config import Config
from gateway.instruments import Instrument
from gateway.layout import Kind, Market
from gateway.plan import PlanSymbol, ShardPlan
from gateway.planner import bytes_needed, make_plans, unknown_symbols, wanted_symbols
from gateway.streams import Stream, parse_all


def instruments_of(streams: list[Stream]) -> dict[tuple[Market, str], Instrument]:
    return {
        (s.market, s.symbol): Instrument(PlanSymbol(s.market, s.symbol, -2, -5, 1, 1), "TRADING")
        for s in streams
    }


def plan_of(streams: list[Stream], config: Config | None = None) -> ShardPlan:
    instruments = instruments_of(streams)
    (plan,) = make_plans(config or Config(), streams, instruments, "/dev/shm/x", 7)
    return plan


def test_connections_are_split_by_market_and_route() -> None:
    plan = plan_of(parse_all(Config().subscribe))
    urls = {c.name: (c.url, c.control_per_second) for c in plan.connections}
    assert urls == {
        "spot/public/0": ("wss://stream.binance.com:9443/stream", 3),
        "usdm/public/0": ("wss://fstream.binance.com/public/stream", 8),
        "usdm/market/0": ("wss://fstream.binance.com/market/stream", 8),
    }


def test_stream_rows_point_at_their_symbol_and_connection() -> None:
    plan = plan_of(
        parse_all(["spot:a@trade", "usdm:b@depth20", "usdm:b@aggTrade", "usdm:a@ticker"])
    )
    rows = [
        (
            s.name,
            s.kind,
            s.levels,
            plan.symbols[s.symbol].symbol,
            plan.connections[s.connection].name,
        )
        for s in plan.streams
    ]
    assert rows == [
        ("spot:a@trade", Kind.TRADE, 0, "A", "spot/public/0"),
        ("usdm:b@depth20", Kind.PARTIAL, 20, "B", "usdm/public/0"),
        ("usdm:b@aggTrade", Kind.AGG_TRADE, 0, "B", "usdm/market/0"),
        ("usdm:a@ticker", Kind.TICKER, 0, "A", "usdm/market/0"),
    ]
    assert [(s.market, s.symbol) for s in plan.symbols] == [
        (Market.SPOT, "A"), (Market.USDM, "B"), (Market.USDM, "A"),
    ]  # fmt: skip


def test_no_connection_carries_more_than_200_streams() -> None:
    names = [f"spot:s{n}@trade" for n in range(450)] + ["usdm:s0@trade"]
    plan = plan_of(parse_all(names))
    load = Counter(plan.connections[s.connection].name for s in plan.streams)
    assert load == {
        "spot/public/0": 200, "spot/public/1": 200, "spot/public/2": 50, "usdm/public/0": 1,
    }  # fmt: skip


def test_directories_have_twice_the_room_that_is_needed() -> None:
    small = plan_of(parse_all(["spot:a@trade"]))
    assert (small.symbol_capacity, small.stream_capacity) == (256, 2048)
    large = plan_of(parse_all([f"spot:s{n}@trade" for n in range(300)]))
    assert large.symbol_capacity == 600


def test_default_memory_fits_under_48_mib() -> None:
    plan = plan_of(parse_all(Config().subscribe))
    needed = bytes_needed([plan])
    assert plan.events_ring_bytes + plan.raw_ring_bytes < needed <= 48 << 20


def test_plan_is_the_same_each_time() -> None:
    streams = parse_all(Config().subscribe)
    assert plan_of(streams) == plan_of(streams)


def test_upstream_replaces_every_address() -> None:
    config = Config(upstream=type(Config().upstream)("ws://h:1", "http://h:2"))
    plan = plan_of(parse_all(["usdm:a@ticker"]), config)
    assert [c.url for c in plan.connections] == ["ws://h:1/usdm/market/stream"]


def test_symbols_are_wanted_by_market_once_each() -> None:
    streams = parse_all(["usdm:b@trade", "spot:a@trade", "usdm:b@depth", "usdm:a@trade"])
    assert wanted_symbols(streams) == {Market.USDM: ["B", "A"], Market.SPOT: ["A"]}


def test_symbols_the_venue_does_not_know_are_listed() -> None:
    streams = parse_all(["usdm:b@trade", "spot:a@trade", "spot:zz@trade", "spot:zz@depth"])
    known = instruments_of(parse_all(["spot:a@trade"]))
    assert unknown_symbols(streams, known) == ["spot:ZZ", "usdm:B"]
