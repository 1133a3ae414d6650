"""What one look at a gateway's files finds, whatever became of its shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.layout import SYMBOL, Kind, RowState, Shape
from gateway.watch.readings import DEAD, DOWN, Instrument
from gateway.watch.watcher import Watcher
from gateway_client import GatewayNotRunning, Status
from gateway_client.layout import FIELDS, NULL, GapState, SegmentState
from tests import golden
from tests.clients.support import Shard
from tests.clients.test_golden_segment import Golden


def by_name(watcher: Watcher) -> dict[str, Instrument]:
    return {each.symbol: each for each in watcher.take().instruments}


@pytest.fixture
def several(run_dir: Path) -> Shard:
    """Instruments with and without quotes: a trade, a mark price, an index price, nothing."""
    shard = Shard(run_dir, symbols=("AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT")).start()
    shard.add_stream("spot:ausdt@trade", Kind.TRADE, 0, sequence=7, mono_recv=1)
    shard.add_stream("spot:busdt@markPrice", Kind.MARK_PRICE, 1, gap_count=3)
    shard.add_stream("spot:cusdt@indexPrice", Kind.INDEX_PRICE, 2)
    shard.add_stream("spot:dusdt@bookTicker", Kind.QUOTE, 3, status=Status.STALE)
    shard.add_stream("spot:!ticker@arr", Kind.TICKER, 2**32 - 1, shape=Shape.SYNTHETIC)
    shard.write_cell("last_trade", 0, px=12345, sequence=7)
    shard.write_cell("mark_price", 1, mark_px=91231_55000000, sequence=1)
    shard.write_cell("mark_price", 2, index_px=5_00000000, sequence=1)
    shard.write_cell("quote", 3, bid_px=100, ask_px=101, sequence=1, status=Status.STALE)
    return shard


def test_instrument_without_a_quote_shows_the_price_that_it_has(several: Shard) -> None:
    with Watcher(several.run_dir) as watcher:
        found = by_name(watcher)
    assert {name[-5:]: (of.last.text, of.last_kind) for name, of in found.items()} == {
        "AUSDT": ("123.45", "TRADE"), "BUSDT": ("91231.55000000", "MARK_PRICE"),
        "CUSDT": ("5.00000000", "INDEX_PRICE"), "DUSDT": ("", ""), "EUSDT": ("", ""),
    }  # fmt: skip
    assert [of.state for of in found.values()] == [
        Status.LIVE, Status.LIVE, Status.LIVE, Status.STALE, Status.EMPTY,
    ]  # fmt: skip
    assert found["spot:AUSDT"].bid_px is None
    assert (found["spot:DUSDT"].bid_px, found["spot:DUSDT"].spread) == (100, 1)
    assert found["spot:BUSDT"].gaps == 3
    assert found["spot:AUSDT"].frames == ((several.current.generation, 7),)


def test_state_is_the_worst_of_what_is_subscribed(run_dir: Path) -> None:
    shard = Shard(run_dir).start()
    shard.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, 0, sequence=1, mono_recv=1)
    shard.write_cell("quote", 0, bid_px=1, sequence=1)
    shard.write_cell("book", 0, sequence=1, status=Status.GAPPED)
    with Watcher(run_dir) as watcher:
        assert by_name(watcher)["spot:BTCUSDT"].state is Status.LIVE  # nobody asked for a book
        shard.add_stream("spot:btcusdt@depth", Kind.DIFF, 0, sequence=1, mono_recv=1)
        assert by_name(watcher)["spot:BTCUSDT"].state is Status.GAPPED
        assert by_name(watcher)["spot:BTCUSDT"].has_book


def test_golden_segments_of_every_version_can_be_looked_at(run_dir: Path) -> None:
    for name in golden.SEGMENTS:
        with Watcher(Golden(run_dir, name).run_dir) as watcher:
            found = watcher.take()
        assert found.is_alive, name
        assert found.instruments, name
        assert found.shards[0].histograms, name


def test_streams_that_do_not_deliver_are_named(run_dir: Path) -> None:
    with Watcher(Golden(run_dir, golden.MINOR_1).run_dir) as watcher:
        found = watcher.take()
    assert found.troubled == [("usdm:ethusdt@kline_5m", "SILENT")]
    assert found.shards[0].deliveries == {"DELIVERING": 23, "SILENT": 1}


def test_two_shards_are_one_gateway(run_dir: Path) -> None:
    first = Shard(run_dir, symbols=("BTCUSDT",)).start()
    other = Shard(run_dir, symbols=("BTCUSDT", "ETHUSDT"), number=1).start()
    first.write_manifest(other)
    first.add_stream("spot:btcusdt@trade", Kind.TRADE, 0, sequence=5, mono_recv=1)
    other.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, 0, sequence=2, mono_recv=1)
    other.write_cell("quote", 0, bid_px=100, ask_px=101, sequence=2)
    first.write_cell("quote", 0, bid_px=77, sequence=1)  # not fed here
    with Watcher(run_dir) as watcher:
        found = by_name(watcher)
    assert list(found) == ["spot:BTCUSDT", "spot:ETHUSDT"]
    assert found["spot:BTCUSDT"].bid_px == 100
    assert dict(found["spot:BTCUSDT"].frames) == {
        first.current.generation: 5, other.current.generation: 2,
    }  # fmt: skip


def test_restarted_shard_is_found_with_its_new_generation(several: Shard) -> None:
    with Watcher(several.run_dir) as watcher:
        before = watcher.take().shards[0].generation
        several.start()
        several.add_stream("spot:ausdt@trade", Kind.TRADE, 0, sequence=1, mono_recv=1)
        found = watcher.take()
    assert found.shards[0].generation == several.current.generation != before
    assert found.instruments[0].frames == ((several.current.generation, 1),)


def test_shard_that_hangs_is_dead_and_all_that_is_in_it(several: Shard) -> None:
    with Watcher(several.run_dir) as watcher:
        several.store("heartbeat_mono", 1)
        found = watcher.take()
    assert (found.is_alive, found.shards[0].state) == (False, DEAD)
    states = {each.symbol[-5:]: each.state for each in found.instruments}
    assert states["DUSDT"] is states["AUSDT"] is Status.DEAD
    assert found.shards[0].deliveries == {"DEAD": 5}


def test_shard_that_ended_says_how(several: Shard) -> None:
    with Watcher(several.run_dir) as watcher:
        several.store("state", SegmentState.CLOSED)
        assert watcher.take().shards[0].state == "CLOSED"


def test_shard_without_a_segment_is_down(several: Shard) -> None:
    """The manifest names it already; its file comes later."""
    with Watcher(several.run_dir) as watcher:
        coming = Shard(several.run_dir, symbols=("XUSDT",), number=1)
        named = {
            "id": 1, "pid": 9, "generation": 2, "segment": "shard-1.seg", "publisher": "",
            "symbols": [], "streams": [],
        }  # fmt: skip
        several.write_manifest(shards=[several.listed(), named])
        found = watcher.take()
        assert [shard.state for shard in found.shards] == ["LIVE", DOWN]
        assert len(found.instruments) == 5
        coming.start()
        assert [shard.state for shard in watcher.take().shards] == ["LIVE", "LIVE"]
        assert "spot:XUSDT" in by_name(watcher)


def test_gateway_whose_files_are_gone_is_still_shown(several: Shard) -> None:
    with Watcher(several.run_dir) as watcher:
        watcher.take()
        for path in several.run_dir.iterdir():
            path.unlink()
        several.store("heartbeat_mono", 1)
        assert not watcher.take().is_alive
        assert watcher.book("spot:AUSDT") is not None


def test_book_comes_with_its_state(run_dir: Path) -> None:
    shard = Shard(run_dir).start()
    shard.add_stream("spot:btcusdt@depth", Kind.DIFF, 0)
    shard.write_book(0, [(100, 5), (99, 1)], [(101, 2)], sequence=3, bid_total=2, ask_total=1)
    with Watcher(run_dir) as watcher:
        book = watcher.book("spot:BTCUSDT", levels=1)
        assert book is not None
        assert (book.is_live, book.bids_mantissa) == (True, (100, 5))
        shard.store("heartbeat_mono", 1)
        dead = watcher.book("spot:BTCUSDT")
        assert dead is not None
        assert dead.state is Status.DEAD
        assert watcher.book("spot:NOPEUSDT") is None


def test_price_of_a_cell_in_which_only_a_state_was_stored_is_none(run_dir: Path) -> None:
    shard = Shard(run_dir).start()
    shard.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, 0)
    shard.write_cell("quote", 0, bid_px=0, ask_px=0, sequence=0, status=Status.DOWN)
    with Watcher(run_dir) as watcher:
        found = by_name(watcher)["spot:BTCUSDT"]
    assert (found.state, found.bid_px, found.ask_px) == (Status.DOWN, None, None)


def test_gaps_are_read_again_when_one_is_found_or_closed(several: Shard) -> None:
    place = several.current.sections["counters"].offset
    values = {"subject": Kind.TRADE, "first_id": 1, "last_id": 2, "opened_real": 5}
    with Watcher(several.run_dir) as watcher:
        assert watcher.take().gaps == []
        several.write_cell(
            "gaps", 1, layout="gap", gap_number=1, gap_state=GapState.OPEN, closed_real=NULL,
            **values,
        )  # fmt: skip
        at = place + FIELDS["counters"]["gaps"][0]
        several.current.memory[at : at + 8] = (1).to_bytes(8, "little")
        (gap,) = watcher.take().gaps
        assert (gap.is_open, gap.stream) == (True, "spot:ausdt@trade")
        several.write_cell(
            "gaps", 1, layout="gap", gap_number=1, gap_state=GapState.FILLED, closed_real=9,
            **values,
        )  # fmt: skip
        at = place + FIELDS["counters"]["gaps_filled"][0]
        several.current.memory[at : at + 8] = (1).to_bytes(8, "little")
        assert [gap.is_open for gap in watcher.take().gaps] == [False]


def test_halted_and_retired_instruments(several: Shard) -> None:
    several.put_row("symbols", SYMBOL, 0, {"halted": 1})
    several.retire(4)
    with Watcher(several.run_dir) as watcher:
        found = by_name(watcher)
    assert found["spot:AUSDT"].is_halted
    assert not found["spot:BUSDT"].is_halted
    assert "spot:EUSDT" not in found


def test_connections_that_were_given_up_are_left_out(run_dir: Path) -> None:
    with Watcher(Golden(run_dir, golden.MINOR_1).run_dir) as watcher:
        states = [each.state for each in watcher.take().shards[0].connections]
    assert sorted(states) == ["ACTIVE", "ACTIVE", "ACTIVE", "DOWN", "IDLE"]
    assert RowState.RETIRED.name not in states


def test_report_is_not_waited_for(several: Shard) -> None:
    """Nobody listens at the control socket of these files."""
    with Watcher(several.run_dir, with_report=True) as watcher:
        assert watcher.take().report is None


def test_no_gateway_is_said_when_it_is_looked_for(run_dir: Path) -> None:
    with pytest.raises(GatewayNotRunning):
        Watcher(run_dir)
