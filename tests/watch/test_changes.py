"""What two readings of a gateway say about the time between them."""

from __future__ import annotations

from dataclasses import replace

from gateway.watch.changes import compare
from gateway.watch.readings import DOWN
from gateway_client import Status
from tests.watch.made import connection, histogram, instrument, reading, shard


def counted(frames: int, size: int = 0) -> dict[str, int]:
    return {"frames_received": frames, "bytes_received": size}


def test_rates_are_those_of_the_time_between() -> None:
    before = reading([shard(counters=counted(1000, 500))], at=10.0)
    after = reading([shard(counters=counted(1500, 2500))], at=12.0)
    view = compare(before, after)
    assert (view.seconds, view.rate, view.bytes_rate) == (2.0, 250.0, 1000.0)
    assert view.shards[0].rate == 250.0
    assert view.rates["frames_received"] == 250.0
    assert not view.shards[0].is_new


def test_first_reading_has_no_rates_but_latencies_since_the_start() -> None:
    view = compare(None, reading())
    assert (view.seconds, view.rate, view.rows[0].rate, view.shards[0].links[0].rate) == (0,) * 4
    assert view.stages[0].count == 100


def test_restarted_shard_has_counted_from_nothing() -> None:
    before = reading([shard(counters=counted(10_000))], at=10.0)
    after = reading([shard(generation=2, counters=counted(30))], at=11.0)
    view = compare(before, after)
    assert (view.rate, view.shards[0].is_new) == (30.0, True)
    assert view.stages[0].count == 100  # all of them are new


def test_instrument_of_a_restarted_shard_is_not_counted_backwards() -> None:
    before = reading(instruments=[instrument("a", frames=((1, 900),))], at=10.0)
    after = reading(
        [shard(generation=2)], [instrument("a", frames=((2, 8),))], at=12.0
    )  # fmt: skip
    assert compare(before, after).rows[0].rate == 4.0


def test_instrument_in_two_shards_of_which_one_restarts() -> None:
    before = reading(instruments=[instrument("a", frames=((1, 900), (2, 50)))], at=0.0)
    after = reading(instruments=[instrument("a", frames=((3, 6), (2, 60)))], at=1.0)
    assert compare(before, after).rows[0].rate == 16.0


def test_streams_that_were_dropped_do_not_count_below_nothing() -> None:
    before = reading(instruments=[instrument("a", frames=((1, 900),))], at=0.0)
    after = reading(instruments=[instrument("a", frames=((1, 100),))], at=1.0)
    assert compare(before, after).rows[0].rate == 0.0


def test_missing_shard_is_shown_as_down() -> None:
    gone = shard(number=1, generation=0, state=DOWN, is_alive=False, counters={}, connections=[])
    view = compare(
        reading([shard(), shard(1, 5)]), reading([shard(), replace(gone, histograms={})])
    )
    assert [row.of.state for row in view.shards] == ["LIVE", DOWN]
    assert not view.shards[1].is_new


def test_connection_has_its_own_rate() -> None:
    before = reading([shard(connections=[connection("x", frames=100, bytes=0)])], at=0.0)
    links = [connection("x", frames=150, bytes=400), connection("y", frames=7, bytes=70)]
    view = compare(before, reading([shard(connections=links)], at=2.0))
    assert [(link.rate, link.bytes_rate) for link in view.shards[0].links] == [(25, 200), (3.5, 35)]


def test_latencies_are_those_of_the_interval_over_all_shards() -> None:
    old = {"a_to_b": histogram({10: 100, 20: 3})}
    new = {"a_to_b": histogram({10: 100, 20: 4, 31: 1})}
    before = reading([shard(0, 1, histograms=old), shard(1, 2, histograms=old)])
    after = reading([shard(0, 1, histograms=new), shard(1, 2, histograms=old)], at=11.0)
    (stage,) = compare(before, after).stages
    assert (stage.name, stage.count, stage.p50, stage.max) == ("a_to_b", 2, 20, 31)
    assert [each.count for row in compare(before, after).shards for each in row.stages] == [2, 0]


def test_stage_that_only_one_shard_has_is_there() -> None:
    older = shard(0, 1, histograms={"a_to_b": histogram({1: 1})})
    newer = shard(1, 2, histograms={"a_to_b": histogram({1: 1}), "b_to_c": histogram({2: 1})})
    assert [each.name for each in compare(None, reading([older, newer])).stages] == [
        "a_to_b", "b_to_c",
    ]  # fmt: skip


def test_gateway_without_shards_is_not_alive() -> None:
    found = reading([], [])
    assert not found.is_alive
    assert compare(found, found).rate == 0


def test_spread_of_a_side_that_is_missing_is_not_there() -> None:
    assert instrument("a").spread == 50
    assert round(instrument("a").spread_bps or 0, 4) == 0.082
    assert instrument("a", bid_px=None).spread_bps is None
    assert instrument("a", state=Status.EMPTY, bid_px=0, ask_px=0).spread_bps is None
