"""Any sequence of changes: what is carried is what was wanted last, and nothing moved for it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.config import Config, Connections
from gateway.instruments import Instrument, Instruments, life_of
from gateway.layout import Market, Shape
from gateway.plan import NONE, PlanSymbol
from gateway.planner import Layout
from gateway.stream_forms import Subject
from gateway.streams import Stream, parse, parse_all
from tests.plan_model import ShardModel

STREAMS_MAX = 3
NAMES = [
    "spot:a@trade", "spot:b@ticker", "spot:c@trade", "spot:c@depth", "spot:d@ticker",
    "spot:!ticker@arr", "spot:!miniTicker@arr", "spot:a@miniTicker",
    "usdm:a@aggTrade", "usdm:a@ticker", "usdm:b@ticker", "usdm:b@rpiDepth@500ms", "usdm:c@depth",
    "usdm:!ticker@arr", "usdm:!bookTicker", "usdm:a@bookTicker", "usdm:tradingSession",
    "coinm:x_perp@markPrice", "coinm:x_perp@trade", "coinm:x_261225@markPrice",
    "coinm:x@markPrice", "coinm:y@markPrice", "coinm:x@indexPrice", "coinm:!markPrice@arr",
]  # fmt: skip
SYMBOLS = [
    *((Market.SPOT, name) for name in "ABCD"),
    *((Market.USDM, name) for name in "ABC"),
    *((Market.COINM, name) for name in ("X_PERP", "X_261225", "Y_PERP")),
]
STATUSES = st.sampled_from(["TRADING", "TRADING", "TRADING", "HALT", "CLOSE", None])


@st.composite
def listings(draw: st.DrawFn) -> Instruments:
    """What the venue lists at one time: some halt, some are gone."""
    found = {}
    for market, symbol in SYMBOLS:
        status = draw(STATUSES)
        if status is not None:
            is_halted = life_of(status).name != "TRADING"
            plan = PlanSymbol(market, symbol, -2, -3, is_halted=is_halted)
            found[market, symbol] = Instrument(plan, status, group=symbol.partition("_")[0])
    for pair in "XY":
        if any(key[1].startswith(pair) for key in found):
            plan = PlanSymbol(Market.COINM, pair, -8, -8)
            found[Market.COINM, pair] = Instrument(plan, "TRADING", Subject.PAIR, pair)
    return found


WANTED = st.lists(st.sampled_from(NAMES), unique=True).map(parse_all)
STEPS = st.lists(st.tuples(WANTED, listings()), min_size=1, max_size=5)


def config_of(shards: int) -> Config:
    return Config(shards=shards, connections=Connections(streams_max=STREAMS_MAX))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), STEPS, st.sets(st.integers(1, 4)))
def test_changes_end_where_a_fresh_plan_begins(
    shards: int, steps: list[tuple[list[Stream], Instruments]], restarts: set[int]
) -> None:
    (wanted, listed), *later = steps
    layout = Layout.make(config_of(shards), wanted, listed, "/x", 7)
    models = [ShardModel(layout.renew(number)) for number in range(shards)]
    for number, (wanted, listed) in enumerate(later):
        before = connections_of(models)
        for shard, change in layout.change(wanted, listed).items():
            models[shard].apply(change)
        assert_agreed(layout, models)
        assert_sound(models)
        assert_nothing_moved(before, connections_of(models))
        assert layout.change(wanted, listed) == {}
        if number in restarts:
            models[number % shards] = ShardModel(layout.renew(number % shards))
    fresh = Layout.make(config_of(shards), wanted, listed, "/x", 7)
    # Spot tickers that only the array is made of stay while they halt; a fresh plan has none yet.
    assert set(fresh.streams) <= set(layout.streams)
    extra = {name for name in set(layout.streams) - set(fresh.streams)}
    assert all(name.startswith("spot:") and name.endswith("@ticker") for name in extra)
    assert not extra & {stream.name for stream in wanted}


def assert_agreed(layout: Layout, models: list[ShardModel]) -> None:
    """Shards that follow the changes hold what the layout believes they hold."""
    for model, plan in zip(models, layout.plans(), strict=True):
        fresh = ShardModel(plan)
        assert model.content() == fresh.content()
        assert fresh.halted.items() <= model.halted.items()
        for name, stream in model.streams.items():
            other = fresh.streams[name]
            places = {"symbol": 0, "connection": 0, "rows": (), "covered": ()}
            assert structs.replace(stream, **places) == structs.replace(other, **places)


def assert_sound(models: list[ShardModel]) -> None:
    names = [name for model in models for name in model.streams]
    assert len(names) == len(set(names))
    for model in models:
        load = Counter(s.connection for s in model.streams.values() if s.connection != NONE)
        assert max(load.values(), default=0) <= STREAMS_MAX
        for stream in model.streams.values():
            assert (stream.connection == NONE) is (stream.shape is Shape.SYNTHETIC)
            if stream.connection != NONE:
                route = model.connections[stream.connection].name.rpartition("/")[0]
                form = parse(stream.name).form
                market = stream.name.partition(":")[0]
                assert route == f"{market}/{form.route.value}"


def connections_of(models: list[ShardModel]) -> dict[str, str]:
    return {name: found[1] for model in models for name, found in model.content().items()}


def assert_nothing_moved(before: dict[str, str], after: dict[str, str]) -> None:
    # But spot tickers, which go to the shard of the array that is made of them.
    for name in set(before) & set(after):
        is_part = name.startswith("spot:") and name.endswith("@ticker")
        assert before[name] == after[name] or is_part
