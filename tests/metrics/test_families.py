"""What is rendered: every counter of the layout, units in names, bounded series."""

from __future__ import annotations

import re

import pytest

from gateway.layout import COUNTERS
from gateway.metrics.exposition import PREFIX, render
from gateway.metrics.families import FATES, families
from gateway.metrics.readings import ShardReading
from tests.metrics.made import PROCESSES, REPORT, connection, reading, shard, stream
from tests.metrics.scrape import Metric, parse


def text(*readings: ShardReading, report: dict[str, object] = REPORT) -> str:
    return render(families(len(readings), readings, report, 0.01))


def metrics(*readings: ShardReading) -> dict[str, Metric]:
    return {name.removeprefix(PREFIX): each for name, each in parse(text(*readings)).items()}


def test_text_keeps_the_format() -> None:
    found = parse(text(reading(), reading(shard(1))))
    assert all(name.startswith(PREFIX) for name in found)
    units = re.compile(r"_(ns|ms|us|kib|mib|minutes|hours)(_|$)")
    assert [name for name in found if units.search(name)] == []


def test_before_the_venue_has_answered_there_is_little_and_it_is_whole() -> None:
    found = parse(text(report={}))
    assert found["binance_gateway_shards"].total() == 0
    assert "binance_gateway_info" in found


def test_every_counter_of_the_layout_is_there_once() -> None:
    """Each counter has a value of its own: none is left out, and none is taken for another."""
    counters = {field.name: 1 << n for n, field in enumerate(COUNTERS.fields)}
    found = metrics(reading(shard(counters=counters)))
    for name, value in counters.items():
        if name not in FATES:
            own = {"bytes_received": "received_bytes"}.get(name, name)
            assert found[f"{own}_total"].total() == value
    for name, (family, fate) in FATES.items():
        assert found[f"{family}_total"].total(fate=fate) == counters[name]


def test_fates_are_those_of_which_the_layout_says_that_they_add_up() -> None:
    said = re.search(r"frames_received = (frames_data[^.]*)\.", COUNTERS.doc)
    assert said
    words = [word.strip() for word in said[1].split("+")]
    wanted = {word if word.startswith("frames") else f"frames{word}" for word in words}
    assert wanted == {name for name, (family, _) in FATES.items() if family == "frames"}
    rows = {field.name for field in COUNTERS.fields if field.name.startswith("rows_")}
    assert rows == {name for name, (family, _) in FATES.items() if family == "array_rows"}


def test_units_are_seconds_and_bytes() -> None:
    found = metrics(reading())
    assert found["start_time_seconds"].total() == 1_700_000_000.5
    assert found["shard_heartbeat_age_seconds"].total(shard="0") == 0.05
    assert found["connection_lag_seconds"].total() == 0.002
    assert found["latency_seconds"].samples[
        "binance_gateway_latency_seconds_sum",
        frozenset({("shard", "0"), ("stage", "event_to_recv")}),
    ] == pytest.approx(12_345e-9)


def test_supervisor_and_venue_are_told_of() -> None:
    found = metrics(reading())
    assert found["shard_restarts_total"].by("shard") == {"0": 4, "1": 2}
    assert found["rest_weight_spent"].by("pool") == {"spot": 130, "futures": 45}
    assert found["rest_held_seconds"].by("pool") == {"spot": 0, "futures": 2}
    assert found["rest_calls_waiting"].by("pool") == {"spot": 0, "futures": 6}
    assert found["connection_attempts"].by("host") == {"binance.com": 7}
    assert found["on_demand_refused_total"].total() == 3


def test_connection_kept_for_a_rotation_is_not_down() -> None:
    links = [connection("a/a"), connection("a/b", "IDLE"), connection("b/a", "DOWN", None)]
    links.append(connection("c/a", "RETIRED"))
    found = metrics(reading(shard(connections=links)))
    assert found["connection_up"].by("connection") == {"a/a": 1, "b/a": 0}
    assert found["connections"].by("state") == {"ACTIVE": 1, "IDLE": 1, "DOWN": 1}
    assert set(found["connection_frames_total"].by("connection")) == {"a/a", "a/b", "b/a"}
    assert found["connection_silent_seconds"].by("connection") == {"a/a": 5e-9}


def test_streams_are_counted_by_what_they_do_and_all_it_may_be() -> None:
    streams = [
        stream("spot:a@trade"),
        stream("spot:b@trade", "SILENT"),
        stream("usdm:a@aggTrade", "QUIET", kind="AGG_TRADE"),
        stream("usdm:b@aggTrade", "DOWN", kind="AGG_TRADE", is_active=False),
    ]
    found = metrics(reading(shard(streams=streams)))["streams"]
    assert found.total() == 3
    assert found.total(market="spot", delivery="SILENT") == 1
    assert found.by("delivery").keys() == {
        "DELIVERING", "QUIET", "WAITING", "STALE", "SILENT", "DOWN", "DEAD",
    }  # fmt: skip


def test_removed_stream_keeps_its_part_of_the_counters() -> None:
    before = [stream("spot:a@trade", frames=7), stream("spot:b@trade", frames=5)]
    after = [stream("spot:a@trade", frames=7, is_active=False), stream("spot:b@trade", frames=6)]
    for streams, total in ((before, 12), (after, 13)):
        found = metrics(reading(shard(streams=streams)))["stream_frames_total"]
        assert found.total(market="spot", kind="TRADE") == total


def test_series_do_not_grow_with_streams_and_instruments() -> None:
    def lines(count: int) -> int:
        names = [f"spot:sym{n}" for n in range(count)]
        streams = [stream(f"{name}@trade", symbol=name.upper()) for name in names]
        states = {"book": {"LIVE": count}}
        return text(reading(shard(streams=streams, symbols=names, states=states))).count("\n")

    assert lines(2000) == lines(2)


def test_processes_are_told_of_by_name() -> None:
    found = {
        name.removeprefix(PREFIX): each
        for name, each in parse(render(families(1, [], REPORT, 0.01, PROCESSES))).items()
    }
    spent = found["process_cpu_seconds_total"].by("process")
    assert spent == {"supervisor": 1.25, "shard-0": 9.5}
    assert found["process_resident_bytes"].total(process="shard-0") == 40 << 20
    assert found["process_open_fds"].total(process="supervisor") == 30
    assert found["process_max_fds"].total(process="shard-0") == 2048
    assert found["process_threads"].total(process="shard-0") == 4


def test_shard_that_is_down_is_told_of_all_the_same() -> None:
    """It is 0 and not gone, and so is the count of its restarts there."""
    dead = reading(shard(0, is_alive=False))
    found = {
        name.removeprefix(PREFIX): each
        for name, each in parse(render(families(3, [dead, reading(shard(2))], REPORT, 0))).items()
    }
    assert found["shard_up"].by("shard") == {"0": 0, "1": 0, "2": 1}
    assert found["shard_restarts_total"].by("shard") == {"0": 4, "1": 2}
