"""Readings and the supervisor's own status → metrics. Pure; every name of ``/metrics`` is here.

States are written as everywhere else (LIVE, SILENT …), and all of them, so that a count that falls
to nothing is 0 and not gone. A shard's counters begin at 0 again when it is started again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gateway import __version__
from gateway.layout import COUNTERS, SAMPLED_ONE_IN, RowState, Status
from gateway.metrics.buckets import BOUNDS, cumulative
from gateway.metrics.exposition import Family
from gateway.metrics.readings import ProcessReading, ShardReading
from gateway_client.delivery import Delivery
from gateway_client.status import ConnectionStatus, ShardStatus, StreamStatus

Report = Mapping[str, Any]
"""The result of the control request ``status``; empty until the venue has answered."""

# Every frame has one fate, and every row of an array: they add up to frames_received_total.
FATES: Final = {
    "frames_data": ("frames", "delivered"),
    "frames_duplicate": ("frames", "duplicate"),
    "frames_early": ("frames", "early"),
    "frames_foreign": ("frames", "foreign"),
    "frames_control": ("frames", "control"),
    "frames_unknown_stream": ("frames", "unknown_stream"),
    "frames_unreadable": ("frames", "unreadable"),
    "frames_binary": ("frames", "binary"),
    "rows_split": ("array_rows", "delivered"),
    "rows_foreign": ("array_rows", "foreign"),
    "rows_unknown": ("array_rows", "unknown"),
    "rows_covered": ("array_rows", "covered"),
    "rows_duplicate": ("array_rows", "duplicate"),
    "rows_unreadable": ("array_rows", "unreadable"),
}
_FATE_HELP: Final = {
    "frames": "WebSocket messages by what became of them; they add up to frames_received_total.",
    "array_rows": "Rows of whole-market arrays by what became of them.",
}
_COUNTER_NAMES: Final = {"bytes_received": "received_bytes"}  # others: their own names
_STATUSES: Final = (*(status.name for status in Status), "DEAD")
_LINKS: Final = (RowState.ACTIVE.name, RowState.DOWN.name, RowState.IDLE.name)


def families(
    shards: int,
    readings: Sequence[ShardReading],
    report: Report,
    seconds: float,
    processes: Sequence[ProcessReading] = (),
) -> Iterator[Family]:
    """Yield all metrics; ``shards`` are wanted, ``seconds`` were spent on reading."""
    yield _gauge("shards", "Shards that are wanted; 0: the venue has not answered yet.", shards)
    yield _gauge("scrape_seconds", "Time spent on reading shared memory for this text.", seconds)
    yield from _of_supervisor(report)
    yield from _of_processes(processes)
    yield from _of_shards(shards, [each.status for each in readings])
    yield from _of_counters([each.status for each in readings])
    yield from _of_connections([each.status for each in readings])
    yield from _of_streams(readings)
    yield _latencies(readings)


def _of_supervisor(report: Report) -> Iterator[Family]:
    info = Family("info", "gauge", "Version of the gateway, and where its data comes from; 1.")
    info.add(1, version=__version__, upstream=report.get("upstream", ""))
    yield info
    if not report:
        return
    demand = report["on_demand"]
    yield _gauge("start_time_seconds", "When the gateway started.", report["started_ns"] / 1e9)
    yield _gauge("streams_carried", "Streams that are subscribed.", report["streams"])
    yield _gauge("streams_refused", "Wanted streams that cannot be carried.", report["refused"])
    yield _gauge("on_demand_streams", "Streams carried for a consumer alone.", demand["streams"])
    yield _gauge("on_demand_streams_limit", "How many there may be.", demand["limit"])
    refused = Family("on_demand_refused_total", "counter", "Topics refused for that limit.")
    refused.add(demand["refused"])
    yield refused
    listed = Family("instruments_listed", "gauge", "Instruments that the venue lists.")
    for market, count in report["instruments"].items():
        listed.add(count, market=market)
    yield listed
    restarts = Family("shard_restarts_total", "counter", "Times a shard was started again.")
    for shard_id, count in report["restarts"].items():
        restarts.add(count, shard=shard_id)
    yield restarts
    yield from _of_venue(report)


def _of_venue(report: Report) -> Iterator[Family]:
    weight: Report = report["weight"]
    hosts: Report = report["hosts"]
    for key, name, help in (
        ("limit", "rest_weight_limit", "REST weight that may be spent a minute."),
        ("spent", "rest_weight_spent", "REST weight spent in the last minute."),
        ("held_s", "rest_held_seconds", "For so long no REST call may be made."),
        ("waiting", "rest_calls_waiting", "REST calls that wait for their turn."),
    ):
        yield _by("pool", Family(name, "gauge", help), {k: v.get(key) for k, v in weight.items()})
    for key, name, help in (
        ("attempts", "connection_attempts", "Connections attempted in the last 5 minutes."),
        ("held_s", "host_held_seconds", "For so long no connection may be attempted."),
    ):
        yield _by("host", Family(name, "gauge", help), {k: v.get(key) for k, v in hosts.items()})


def _of_processes(processes: Sequence[ProcessReading]) -> Iterator[Family]:
    resident = Family(
        "process_resident_bytes", "gauge", "Its memory, with what it has touched of shared memory."
    )
    open_fds = Family("process_open_fds", "gauge", "Its open file descriptors.")
    max_fds = Family("process_max_fds", "gauge", "How many it may open.")
    threads = Family("process_threads", "gauge", "Its threads.")
    spent = Family("process_cpu_seconds_total", "counter", "CPU time that it has used.")
    for process in processes:
        resident.add(process.resident_bytes, process=process.name)
        open_fds.add(process.open_fds, process=process.name)
        max_fds.add(process.fds_max, process=process.name)
        threads.add(process.threads, process=process.name)
        spent.add(process.cpu_seconds, process=process.name)
    yield from (resident, open_fds, max_fds, threads, spent)


def _of_shards(wanted: int, shards: Sequence[ShardStatus]) -> Iterator[Family]:
    up = Family("shard_up", "gauge", "1: its segment is LIVE and its heartbeat young.")
    alive = {shard.shard_id for shard in shards if shard.is_alive}
    for shard_id in sorted({*range(wanted), *(shard.shard_id for shard in shards)}):
        up.add(shard_id in alive, shard=shard_id)
    yield up
    for name, help, value in (
        ("shard_heartbeat_age_seconds", "Since its last heartbeat.",
         lambda s: s.heartbeat_age_ns / 1e9),
        ("shard_start_time_seconds", "When it started.", lambda s: s.started_ns / 1e9),
        ("shard_segment_bytes", "Its shared memory.", lambda s: s.size),
        ("instruments", "Instruments carried.", lambda s: len(s.symbols)),
        ("instruments_halted", "Instruments the venue has halted.", lambda s: len(s.halted)),
    ):  # fmt: skip
        family = Family(name, "gauge", help)
        for shard in shards:
            family.add(value(shard), shard=shard.shard_id)
        yield family
    slots = Family("slots", "gauge", "Latest values in shared memory by what they may be used for.")
    for shard in shards:
        for slot, states in shard.states.items():
            for status in _STATUSES:
                slots.add(states.get(status, 0), shard=shard.shard_id, slot=slot, status=status)
    yield slots


def _of_counters(shards: Sequence[ShardStatus]) -> Iterator[Family]:
    """Yield every counter of the layout: those of fates as one family each, all others alone."""
    found: dict[str, Family] = {}
    for field in COUNTERS.fields:
        base, fate = FATES.get(field.name, (_COUNTER_NAMES.get(field.name, field.name), ""))
        help = _FATE_HELP.get(base) or _sentence(field.name, field.doc)
        family = found.setdefault(base, Family(f"{base}_total", "counter", help))
        for shard in shards:
            labels = {"shard": shard.shard_id} | ({"fate": fate} if fate else {})
            family.add(shard.counters.get(field.name, 0), **labels)
    yield from found.values()


def _of_connections(shards: Sequence[ShardStatus]) -> Iterator[Family]:
    states = Family("connections", "gauge", "Connections by state; IDLE: kept for a rotation.")
    up = Family("connection_up", "gauge", "1: it is connected; 0: it should be.")
    lag = Family("connection_lag_seconds", "gauge", "How much later than usual its events come.")
    silent = Family("connection_silent_seconds", "gauge", "Since its last message.")
    carried = Family("connection_streams", "gauge", "Streams subscribed on it.")
    counted = {
        "connects": Family("connection_connects_total", "counter", "Times it was connected."),
        "frames": Family("connection_frames_total", "counter", "Messages of its streams."),
        "bytes": Family("connection_received_bytes_total", "counter", "Their payload."),
        "errors": Family("connection_errors_total", "counter", "Messages that were unreadable."),
        "duplicates": Family(
            "connection_duplicates_total", "counter", "Messages its peer had delivered before."
        ),
    }
    for shard in shards:
        for state in _LINKS:
            count = sum(link.state == state for link in shard.connections)
            states.add(count, shard=shard.shard_id, state=state)
        for link in shard.connections:
            if link.state not in _LINKS:
                continue
            labels = {"shard": shard.shard_id, "connection": link.name}
            for field, family in counted.items():
                family.add(getattr(link, field), **labels)
            if link.state != RowState.IDLE.name:
                _at_work(link, labels, up, lag, carried, silent)
    yield from (states, up, lag, silent, carried, *counted.values())


def _at_work(
    link: ConnectionStatus,
    labels: Mapping[str, object],
    up: Family,
    lag: Family,
    carried: Family,
    silent: Family,
) -> None:
    up.add(link.state == RowState.ACTIVE.name, **labels)
    lag.add(link.lag_ns / 1e9, **labels)
    carried.add(link.streams, **labels)
    if link.silent_ns is not None:
        silent.add(link.silent_ns / 1e9, **labels)


def _of_streams(readings: Sequence[ShardReading]) -> Iterator[Family]:
    states = Family("streams", "gauge", "Subscribed streams by market and what they do.")
    never = Family("streams_never_delivered", "gauge", "Subscribed streams without any data yet.")
    fed = Family("streams_of_rows", "gauge", "Streams that are fed from the rows of arrays.")
    open_gaps = Family("gaps_open", "gauge", "Gaps that may still be filled.")
    counted = {
        "frames": Family("stream_frames_total", "counter", "Events of streams by kind."),
        "bytes": Family("stream_received_bytes_total", "counter", "Their payload."),
        "gaps": Family("stream_gaps_total", "counter", "Holes in the venue's ids by kind."),
        "errors": Family("stream_errors_total", "counter", "Unreadable events by kind."),
    }
    for reading in readings:
        shard = reading.status
        never.add(shard.never_delivered, shard=shard.shard_id)
        fed.add(shard.row_streams, shard=shard.shard_id)
        open_gaps.add(reading.gaps_open, shard=shard.shard_id)
        groups: dict[tuple[str, str], list[StreamStatus]] = {}
        for stream in shard.streams:
            market = stream.name.partition(":")[0]
            groups.setdefault((market, stream.kind or "UNKNOWN"), []).append(stream)
        for (market, kind), streams in groups.items():
            labels = {"shard": shard.shard_id, "market": market}
            for field, family in counted.items():
                # Removed ones too: a counter must not fall.
                total = sum(getattr(stream, field) for stream in streams)
                family.add(total, **labels, kind=kind)
            subscribed = Counter(each.delivery for each in streams if each.is_subscribed)
            for delivery in Delivery:
                states.add(subscribed[delivery], **labels, delivery=delivery)
    yield from (states, never, fed, open_gaps, *counted.values())


def _latencies(readings: Iterable[ShardReading]) -> Family:
    help = f"Time that an event took, by stage; publish_to_* of one in {SAMPLED_ONE_IN}."
    found = Family("latency_seconds", "histogram", help)
    for reading in readings:
        for each in reading.histograms:
            labels = {"shard": reading.status.shard_id, "stage": each.stage}
            found.add_histogram(BOUNDS, cumulative(each.buckets), each.sum_ns / 1e9, **labels)
    return found


def _gauge(name: str, help: str, value: float) -> Family:
    family = Family(name, "gauge", help)
    family.add(value)
    return family


def _by(label: str, family: Family, values: Mapping[str, float | None]) -> Family:
    for key, value in values.items():
        if value is not None:
            family.add(value, **{label: key})
    return family


def _sentence(name: str, doc: str) -> str:
    """Return the layout's words for a counter, which leave out what its name says."""
    words = name.replace("_", " ")
    return f"{words[0].upper()}{words[1:]}{': ' * bool(doc)}{doc}."
