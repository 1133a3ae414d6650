"""The lines of ``gateway status``: totals, and by name only what is not as it should be.

Readable at ten streams and at ten thousand: no list here is longer than ``NAMED``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.cli import trust_text
from gateway.cli.live.styles import stage
from gateway.cli.numbers import duration, rate, size
from gateway.cli.numbers import latency as latency_text
from gateway.cli.plain import delivery_text
from gateway.cli.trust_text import Hosts, Weight
from gateway.cli.view import View
from gateway_client.status import ConnectionStatus, Latency, ShardStatus, StreamStatus

NAMED = 10
_LAG_SHOWN_NS = 1_000_000_000

_COUNTED = (
    "snapshots_applied", "snapshots_refused", "frames_unreadable",
    "frames_unknown_stream", "books_crossed", "values_inexact", "stalls", "zmq_refused",
)  # fmt: skip
# Counters that grow when everything is well; all others are shown once they are not 0.
_ORDINARY = frozenset((
    "frames_received", "bytes_received", "frames_data", "frames_control", "fragments_joined",
    "records_published", "diffs_applied", "diffs_behind", "diffs_buffered", "status_changes",
    "zmq_sent", "batches", "raw_parts", "rows_split", "rows_foreign", "rows_covered",
)) | trust_text.SHOWN  # fmt: skip


def lines(
    view: View, now_ns: int, weight: Weight | None = None, hosts: Hosts | None = None
) -> Iterator[str]:
    """Yield what there is to say; ``now_ns`` since the Unix epoch; the rest where it is known."""
    status = view.status
    up = duration(now_ns - status.started_ns)
    yield f"gateway in {status.run_dir}: pid {status.pid}, up {up}, from {status.upstream}"
    yield f"  {rate(view.frames_per_second)} frames/s, {size(view.bytes_per_second)}/s"
    yield from _streams(view)
    yield from _links(view)
    yield from trust_text.hosts(hosts)
    yield from trust_text.lines(view, weight)
    for shard in status.shards:
        yield from _shard(shard)


def _streams(view: View) -> Iterator[str]:
    shards = view.status.shards
    streams = [each for shard in shards for each in shard.streams if each.is_subscribed]
    rows = sum(shard.row_streams for shard in shards)
    refused = view.total("subscriptions_refused")
    more = f"; {refused:,} refused by the venue" if refused else ""
    more += f"; {rows:,} more are fed from rows of arrays" if rows else ""
    yield f"  streams     {delivery_text(view.deliveries())}{more}"
    silent = [each for each in streams if each.delivery == "SILENT"]
    if silent:
        yield f"  silent      {_named([_silent_text(each) for each in silent])}"
    never = [each.name for each in streams if each.silent_ns is None and each.delivery != "SILENT"]
    if never:
        yield f"  no data yet {_named(never)}"
    halted = list(dict.fromkeys(symbol for shard in shards for symbol in shard.halted))
    if halted:
        yield f"  halted      {_named(halted)}"


def _silent_text(stream: StreamStatus) -> str:
    if stream.silent_ns is None:
        return f"{stream.name} (never sent)"
    return f"{stream.name} ({duration(stream.silent_ns)})"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _links(view: View) -> Iterator[str]:
    """Connections: all where they are few, else those that are down, lagging or full of errors."""
    links = list(view.links())
    counts = view.connections()
    up, standby, down = counts["ACTIVE"], counts["IDLE"], counts["DOWN"]
    lag = max((each.lag_ns for each in links if each.state == "ACTIVE"), default=0)
    duplicates = sum(each.duplicates for each in links)
    said = [f"{up:,} up", f"{standby:,} on standby"] + [f"{down:,} DOWN"] * bool(down)
    said += [f"greatest lag {duration(lag)}"] * bool(lag)
    said += [f"{duplicates:,} duplicates"] * bool(duplicates)
    yield f"  connections {', '.join(said)}"
    awake = [each for each in links if each.state != "IDLE"]
    shown = awake if len(awake) <= NAMED else [each for each in awake if _is_remarkable(each)]
    for each in shown[:NAMED]:
        yield f"    {_link(view, each)}"
    if len(shown) > NAMED:
        yield f"    and {len(shown) - NAMED:,} more like these"


def _is_remarkable(link: ConnectionStatus) -> bool:
    return link.state != "ACTIVE" or link.lag_ns >= _LAG_SHOWN_NS or bool(link.errors)


def _link(view: View, link: ConnectionStatus) -> str:
    ns = link.silent_ns
    silent = "no frame yet" if ns is None else f"last frame {duration(ns)} ago"
    frames = f"{link.streams:,} streams, {rate(view.rates[link.name])} frames/s"
    times = f"connected {link.connects} x, {link.errors} errors"
    more = f", lag {duration(link.lag_ns)}" if link.lag_ns else ""
    more += f", {link.duplicates:,} duplicates" if link.duplicates else ""
    return f"{link.name:<20}{link.state}, {frames}, {silent}, {times}{more}"


def _shard(shard: ShardStatus) -> Iterator[str]:
    state = shard.segment_state if shard.is_alive else f"DEAD ({shard.segment_state})"
    beat = f"heartbeat {duration(shard.heartbeat_age_ns)} ago"
    yield f"shard {shard.shard_id}: {state}, pid {shard.pid}, {beat}, {size(shard.size)}"
    for kind, states in shard.states.items():
        if set(states) - {"EMPTY"}:
            counts = ", ".join(f"{count:,} {name}" for name, count in sorted(states.items()))
            yield f"  {kind:<12}{counts}"
    yield f"  counted     {_counted(shard.counters)}"
    for latency in shard.latencies:
        if latency.count:
            yield f"  latency     {_latency(latency)}"


def _counted(counters: dict[str, int]) -> str:
    names = ["frames_received", *_COUNTED]
    names += [
        name for name, count in counters.items() if count and name not in _ORDINARY.union(names)
    ]
    return ", ".join(f"{name} {counters[name]:,}" for name in names)


def _latency(latency: Latency) -> str:
    name = stage(latency.name)
    # Percentiles are upper edges of their buckets, the maximum is exact.
    marks = {
        mark: min(getattr(latency, mark), latency.max)
        for mark in ("p50", "p90", "p99", "p999", "max")
    }
    return f"{name}: " + ", ".join(f"{mark} {latency_text(value)}" for mark, value in marks.items())
