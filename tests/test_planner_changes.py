"""What changes when streams or listings do, and that nothing else does."""

from __future__ import annotations

from msgspec import structs

from gateway.config import Config, Connections
from gateway.instruments import Instrument
from gateway.layout import Market
from gateway.patterns import select
from gateway.plan import (
    PlanChange,
)
from gateway.planner import Layout
from gateway.stream_forms import Subject
from gateway.streams import parse_all
from tests.plan_model import (
    find,
    instrument,
    layout_of,
    listing,
    of_streams,
    symbols_of,
)


def test_nothing_to_change_is_no_change() -> None:
    streams = parse_all(["spot:a@trade", "usdm:!ticker@arr"])
    known = listing("spot:A", "usdm:B")
    layout = Layout.make(Config(), streams, known, "/x", 7)
    assert layout.change(streams, known) == {}


def test_addition_appends_and_leaves_the_rest_alone() -> None:
    known = listing("spot:A", "usdm:B")
    layout = layout_of("spot:a@trade", instruments=known)
    before = layout.plans()[0]
    change = layout.change(parse_all(["spot:a@trade", "spot:a@ticker", "usdm:b@ticker"]), known)[0]
    assert [symbol.symbol for symbol in change.symbols] == ["B"]
    assert [connection.name for connection in change.connections] == ["usdm/market/0"]
    assert (change.remove, change.halted, change.retire) == ([], [], [])
    assert [(s.name, s.symbol, s.connection) for s in change.add] == [
        ("spot:a@ticker", 0, 0),
        ("usdm:b@ticker", 1, 1),
    ]
    assert before.streams[0] in layout.plans()[0].streams


def test_removed_stream_frees_its_place_on_the_connection() -> None:
    config = Config(connections=Connections(streams_max=2))
    layout = layout_of("spot:a@trade", "spot:b@trade", config=config)
    known = listing("spot:A", "spot:B", "spot:C")
    change = layout.change(parse_all(["spot:a@trade", "spot:c@trade"]), known)[0]
    assert change.remove == ["spot:b@trade"]
    assert [(s.name, s.connection) for s in change.add] == [("spot:c@trade", 0)]
    assert change.connections == []


def test_subscribing_again_uses_the_symbols_own_row() -> None:
    known = listing("spot:A", "spot:B")
    layout = layout_of("spot:a@trade", "spot:b@trade", instruments=known)
    layout.change(parse_all(["spot:a@trade"]), known)
    change = layout.change(parse_all(["spot:a@trade", "spot:b@depth"]), known)[0]
    assert change.symbols == []
    assert find(change, "spot:b@depth").symbol == 1


def test_halt_and_end_of_a_halt_are_told_with_the_row() -> None:
    layout = layout_of("spot:a@trade", "usdm:b@depth", "usdm:b@rpiDepth@500ms")
    streams = parse_all(["spot:a@trade", "usdm:b@depth", "usdm:b@rpiDepth@500ms"])
    halted = listing("spot:A", instrument("usdm:B", "SETTLING"))
    assert layout.change(streams, halted)[0] == PlanChange(2, halted=[(1, True), (2, True)])
    assert [s.is_halted for s in layout.plans()[0].symbols] == [False, True, True]
    back = listing(instrument("spot:A", "HALT"), "usdm:B")
    change = layout.change(streams, back)[0]
    assert change == PlanChange(3, halted=[(0, True), (1, False), (2, False)])


def test_layout_knows_what_is_carried_and_halted() -> None:
    layout = layout_of("spot:a@trade", "usdm:b@depth", "usdm:b@rpiDepth@500ms")
    assert layout.halted == set()
    listed = listing(instrument("spot:A", "HALT"), instrument("usdm:B", "SETTLING"))
    layout.change(parse_all(["spot:a@trade", "usdm:b@depth"]), listed)
    assert layout.halted == {(Market.SPOT, "A"), (Market.USDM, "B")}
    layout.change(parse_all(["spot:a@trade"]), listed)
    assert layout.halted == {(Market.SPOT, "A")}, "b is not carried any more"


def test_symbol_that_halts_at_the_start_is_halted_in_the_plan() -> None:
    layout = layout_of("spot:a@trade", instruments=listing(instrument("spot:A", "BREAK")))
    assert layout.plans()[0].symbols[0].is_halted


def test_delisted_symbol_is_retired_with_its_streams_and_never_used_again() -> None:
    streams = parse_all(["spot:a@trade", "spot:b@trade", "spot:!miniTicker@arr"])
    both = listing("spot:A", "spot:B")
    layout = Layout.make(Config(), streams, both, "/x", 7)
    change = layout.change(streams, listing("spot:A"))[0]
    assert (change.remove, change.retire) == (["spot:b@trade"], [1])
    assert find(change, "spot:!miniTicker@arr").rows == (0,)
    back = layout.change(streams, both)[0]
    assert [symbol.symbol for symbol in back.symbols] == ["B"]
    assert find(back, "spot:b@trade").symbol == 2
    assert find(back, "spot:!miniTicker@arr").rows == (0, 2)


def test_new_listing_gets_a_row_in_every_array_and_joins_its_patterns() -> None:
    selection = select(["usdm:!bookTicker", "usdm:*@aggTrade"])
    before, after = listing("usdm:A"), listing("usdm:A", "usdm:B")
    layout = Layout.make(Config(), selection.expand(before).streams, before, "/x", 7)
    change = layout.change(selection.expand(after, layout.streams).streams, after)[0]
    assert [symbol.symbol for symbol in change.symbols] == ["B"]
    assert find(change, "usdm:!bookTicker").rows == (0, 1)
    assert find(change, "usdm:b@aggTrade").symbol == 1


def test_row_is_covered_before_its_stream_comes_and_fed_after_it_went() -> None:
    known = listing("usdm:A", "usdm:B")
    layout = layout_of("usdm:!ticker@arr", instruments=known)
    change = layout.change(parse_all(["usdm:!ticker@arr", "usdm:b@ticker"]), known)[0]
    assert [s.name for s in change.add] == ["usdm:!ticker@arr", "usdm:b@ticker"]
    assert (change.add[0].rows, change.add[0].covered) == ((0,), (1,))
    change = layout.change(parse_all(["usdm:!ticker@arr"]), known)[0]
    assert change.remove == ["usdm:b@ticker"]
    assert (change.add[0].rows, change.add[0].covered) == ((0, 1), ())


def test_array_that_gives_up_rows_is_told_before_the_one_that_takes_them() -> None:
    pair = instrument("coinm:A", subject=Subject.PAIR)
    known = listing("coinm:A_PERP", "coinm:B_PERP", pair)
    layout = layout_of("coinm:a@markPrice", instruments=known)
    both = parse_all(["coinm:!markPrice@arr", "coinm:a@markPrice"])
    change = layout.change(both, known)[0]
    assert [s.name for s in change.add] == ["coinm:a@markPrice", "coinm:!markPrice@arr"]
    assert len(find(change, "coinm:!markPrice@arr").rows) == 2


def test_synthetic_array_comes_after_its_parts() -> None:
    layout = layout_of("spot:a@trade", instruments=listing("spot:A"))
    wanted = parse_all(["spot:!ticker@arr", "spot:a@trade"])
    change = layout.change(wanted, listing("spot:A", "spot:B"))[0]
    names = [s.name for s in change.add]
    assert names == ["spot:a@ticker", "spot:b@ticker", "spot:!ticker@arr"]


def test_restarted_shard_gets_a_plan_without_what_is_gone() -> None:
    config = Config(connections=Connections(streams_max=1))
    layout = layout_of("spot:a@trade", "spot:b@trade", "spot:c@trade", config=config)
    layout.change(parse_all(["spot:b@trade"]), listing("spot:B", "spot:C"))
    plan = layout.renew(0)
    assert [symbol.symbol for symbol in plan.symbols] == ["B"]
    assert [connection.name for connection in plan.connections] == ["spot/public/1"]
    assert (plan.streams[0].symbol, plan.streams[0].connection) == (0, 0)
    change = layout.change(
        parse_all(["spot:b@trade", "spot:c@trade"]), listing("spot:B", "spot:C")
    )[0]
    assert (change.add[0].symbol, change.add[0].connection) == (1, 1)
    assert change.connections[0].name == "spot/public/3"


def test_looking_at_the_plans_changes_nothing() -> None:
    layout = layout_of("spot:a@trade", "spot:b@trade", instruments=listing("spot:A", "spot:B"))
    layout.change(parse_all(["spot:b@trade"]), listing("spot:B"))
    assert layout.plans() == layout.plans()
    change = layout.change(parse_all(["spot:b@trade", "spot:b@depth"]), listing("spot:B"))[0]
    assert change.add[0].symbol == 1  # as the process that runs knows it


def test_new_exponents_count_from_the_next_process_on() -> None:
    layout = layout_of("spot:a@trade")
    finer = instrument("spot:A")
    finer = Instrument(structs.replace(finer.symbol, px_exponent=-4), "TRADING", group="A")
    assert layout.change(parse_all(["spot:a@trade"]), listing(finer)) == {}
    assert layout.renew(0).symbols[0].px_exponent == -4


def test_refused_stream_is_tried_again() -> None:
    streams = parse_all(["spot:a@trade", "spot:b@trade"])
    layout = Layout.make(Config(), streams, of_streams(streams), "/x", 7)
    layout.forget(0, ["spot:b@trade", "spot:none@trade"])
    assert layout.streams == {"spot:a@trade": 0}
    change = layout.change(streams, of_streams(streams))[0]
    assert [s.name for s in change.add] == ["spot:b@trade"]


def test_halted_instrument_has_its_row_in_an_array_from_the_start() -> None:
    streams = parse_all(["spot:b@trade", "spot:!miniTicker@arr"])
    known = listing("spot:A", instrument("spot:B", "BREAK"))
    layout = Layout.make(Config(), streams, known, "/x", 7)
    plan = layout.plans()[0]
    assert sorted(symbols_of(plan, find(plan, "spot:!miniTicker@arr").rows)) == ["A", "B"]
    assert layout.change(streams, known) == {}


def test_tickers_stay_where_they_are_when_the_array_made_of_them_goes() -> None:
    config = Config(shards=3)
    known = listing(*(f"spot:S{n}" for n in range(6)))
    names = [f"spot:s{n}@{kind}" for n in range(6) for kind in ("trade", "ticker")]
    layout = layout_of(*names, "spot:!ticker@arr", config=config, instruments=known)
    before = layout.streams
    changes = layout.change(parse_all(names), known)
    assert {shard: change.remove for shard, change in changes.items()} == {0: ["spot:!ticker@arr"]}
    assert layout.streams == {n: s for n, s in before.items() if n != "spot:!ticker@arr"}
