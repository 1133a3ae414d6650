"""``gateway status``: shards, connections, instruments by state, rates, gaps, latencies."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator

import click

from gateway.cli.numbers import duration, rate, size
from gateway.cli.numbers import latency as latency_text
from gateway.cli.options import json_option, run_dir_option
from gateway.cli.plain import LATENCY_NAMES
from gateway.cli.view import View, Viewer
from gateway.errors import NotRunning
from gateway_client import Gateway
from gateway_client.status import ConnectionStatus, Latency, ShardStatus

_SAMPLE_SECONDS = 0.5
_COUNTED = (
    "gaps", "snapshots_applied", "snapshots_refused", "frames_unreadable",
    "frames_unknown_stream", "books_crossed", "values_inexact", "stalls", "zmq_refused",
)  # fmt: skip


@click.command("status")
@json_option
@run_dir_option
def command(as_json: bool, run_dir: str) -> None:
    """Show how the gateway is doing; ends with 69 if no shard of it is alive.

    Rates are those of half a second; counters and latencies count from the start of the shard.
    """
    with Gateway(run_dir or None) as gateway:
        viewer = Viewer(gateway)
        viewer.look()
        time.sleep(_SAMPLE_SECONDS)
        view = viewer.look()
    click.echo(json.dumps(_object(view)) if as_json else "\n".join(_lines(view)))
    if not view.is_alive:
        sys.exit(NotRunning.exit_code)


def _object(view: View) -> dict[str, object]:
    found = dataclasses.asdict(view.status)
    found["alive"] = view.is_alive
    found["frames_per_second"] = round(view.frames_per_second, 1)
    found["bytes_per_second"] = round(view.bytes_per_second, 1)
    found["symbols"] = [
        dataclasses.asdict(row) | {"state": row.state.name, "age_ns": _or_none(row.age_ns)}
        for row in view.symbols
    ]
    for shard in found["shards"]:
        shard["generation"] = str(shard["generation"])  # over 2^53
    return found


def _or_none(value: float) -> int | None:
    return None if value != value else int(value)  # NaN is no JSON


def _lines(view: View) -> Iterator[str]:
    status = view.status
    up = duration(time.time_ns() - status.started_ns)
    yield f"gateway in {status.run_dir}: pid {status.pid}, up {up}, from {status.upstream}"
    yield f"  {rate(view.frames_per_second)} frames/s, {size(view.bytes_per_second)}/s"
    for shard in status.shards:
        yield from _shard(view, shard)


def _shard(view: View, shard: ShardStatus) -> Iterator[str]:
    state = shard.segment_state if shard.is_alive else f"DEAD ({shard.segment_state})"
    beat = f"heartbeat {duration(shard.heartbeat_age_ns)} ago"
    yield f"shard {shard.shard_id}: {state}, pid {shard.pid}, {beat}, {size(shard.size)}"
    for kind, states in shard.states.items():
        if set(states) != {"EMPTY"}:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(states.items()))
            yield f"  {kind:<12}{counts}"
    counts = ", ".join(f"{name} {shard.counters[name]:,}" for name in _COUNTED)
    yield f"  counted     frames_received {shard.counters['frames_received']:,}, {counts}"
    for latency in shard.latencies:
        if latency.count:
            yield f"  latency     {_latency(latency)}"
    for connection in shard.connections:
        yield f"  connection  {_connection(view, connection)}"


def _latency(latency: Latency) -> str:
    name = LATENCY_NAMES.get(latency.name, latency.name)
    # Percentiles are upper edges of their buckets, the maximum is exact.
    marks = {
        mark: min(getattr(latency, mark), latency.max)
        for mark in ("p50", "p90", "p99", "p999", "max")
    }
    return f"{name}: " + ", ".join(f"{mark} {latency_text(value)}" for mark, value in marks.items())


def _connection(view: View, connection: ConnectionStatus) -> str:
    ns = connection.silent_ns
    silent = "no frame yet" if ns is None else f"last frame {duration(ns)} ago"
    frames = f"{rate(view.rates[connection.name])} frames/s"
    times = f"connected {connection.connects} x, {connection.errors} errors"
    return f"{connection.name:<16}{connection.state}, {frames}, {silent}, {times}"
