"""Well or not, ready or not, and the one line why."""

from __future__ import annotations

import pytest

from gateway.metrics.health import healthy, ready
from gateway.metrics.readings import ShardReading
from tests.metrics.made import reading, shard, stream

HUNG = reading(shard(1, is_alive=False, heartbeat_age_ns=2_340_000_000))
CLOSED = reading(shard(1, is_alive=False, segment_state="CLOSED"))


def test_gateway_that_waits_for_the_venue_is_well_but_not_ready() -> None:
    assert healthy(0, []) == (True, "ok: waiting for the venue")
    assert ready(0, []) == (False, "waiting for the venue")


def test_gateway_that_starts_is_well_but_not_ready() -> None:
    assert healthy(2, []) == (True, "ok: starting 2 shards")
    assert ready(2, [reading()]) == (False, "starting 2 shards")


def test_all_is_well() -> None:
    both = [reading(), reading(shard(1))]
    assert healthy(2, both) == (True, "ok: 2 shards up")
    assert ready(2, both).is_well


@pytest.mark.parametrize(
    ("bad", "line"),
    [(HUNG, "shard 1: last heartbeat 2.3 s ago"), (CLOSED, "shard 1 is CLOSED")],
    ids=["hung", "closed"],
)
def test_shard_that_does_not_beat_is_named(bad: ShardReading, line: str) -> None:
    assert healthy(2, [reading(), bad]) == (False, line)
    assert ready(2, [reading(), bad]) == (False, line)


@pytest.mark.parametrize("delivery", ["WAITING", "STALE", "SILENT", "DOWN", "DEAD"])
def test_stream_that_does_not_deliver_is_named(delivery: str) -> None:
    streams = [stream("spot:a@trade"), stream("spot:b@trade", delivery)]
    assert ready(1, [reading(shard(streams=streams))]) == (
        False,
        f"streams: 1 {delivery}: spot:b@trade",
    )
    assert healthy(1, [reading(shard(streams=streams))]).is_well


def test_many_are_counted_and_few_are_named() -> None:
    streams = [stream(f"spot:{n}@trade", "DOWN") for n in range(9)]
    streams.append(stream("spot:x@trade", "SILENT"))
    assert ready(1, [reading(shard(streams=streams))]).line == (
        "streams: 9 DOWN, 1 SILENT: spot:0@trade, spot:1@trade, spot:2@trade and 7 more"
    )


@pytest.mark.parametrize(
    "explained",
    [
        stream("usdm:a@forceOrder", "QUIET"),
        stream("spot:a@trade", "SILENT", symbol="spot:A"),
        stream("spot:b@trade", "DOWN", is_active=False),
        stream("usdm:b@ticker", "WAITING", shape="ROW"),
    ],
    ids=["comes with events", "halted", "removed", "a row of an array"],
)
def test_stream_that_need_not_deliver_is_no_reason(explained: object) -> None:
    assert ready(1, [reading(shard(streams=[explained], halted=["spot:A"]))]).is_well


def test_book_that_was_never_live_is_named() -> None:
    pending = reading(books_pending=("spot:A", "spot:B"))
    assert ready(1, [pending]) == (False, "books not LIVE yet: 2: spot:A, spot:B")
    halted = reading(shard(halted=["spot:A", "spot:B"]), books_pending=("spot:A", "spot:B"))
    assert ready(1, [halted]).is_well
