"""A view as one JSON object: ``top --json``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.watch.changes import LinkRow, Row, ShardRow, View
from gateway.watch.readings import Number
from gateway.watch.stages import Stage
from gateway_client import Gap

Object = dict[str, Any]


def view_object(view: View, rows: Sequence[Row]) -> Object:
    """Return what ``top`` shows, with these instruments.

    Prices and quantities are exact texts, generations texts as they are over 2^53; durations and
    latencies are in nanoseconds; what is not known is null. Rates are those of ``seconds``.
    """
    reading = view.reading
    report = reading.report or {}
    return {
        "time_ns": reading.time_ns,
        "run_dir": reading.run_dir,
        "instance": reading.instance,
        "pid": reading.pid,
        "upstream": reading.upstream,
        "alive": reading.is_alive,
        "uptime_ns": reading.uptime_ns,
        "seconds": round(view.seconds, 3),
        "frames_per_second": round(view.rate, 1),
        "bytes_per_second": round(view.bytes_rate, 1),
        "latencies": [_stage(each) for each in view.stages],
        "shards": [_shard(each) for each in view.shards],
        "instrument_count": len(reading.instruments),
        "instruments": [_row(each) for each in rows],
        "gaps": {
            "total": reading.total("gaps"),
            "open": [_gap(each) for each in reading.gaps if each.is_open],
        },
        "troubled": [{"stream": name, "delivery": does} for name, does in reading.troubled],
        "weight": report.get("weight"),
        "hosts": report.get("hosts"),
    }


def _stage(stage: Stage) -> Object:
    return {
        "name": stage.name, "count": stage.count, "mean": stage.mean, "p50": stage.p50,
        "p90": stage.p90, "p99": stage.p99, "p999": stage.p999, "max": stage.max,
    }  # fmt: skip


def _shard(row: ShardRow) -> Object:
    of = row.of
    return {
        "shard_id": of.shard_id, "state": of.state, "alive": of.is_alive, "pid": of.pid,
        "generation": str(of.generation), "heartbeat_age_ns": of.heartbeat_age_ns,
        "started_ns": of.started_ns, "size": of.size, "instruments": of.instruments,
        "frames_per_second": round(row.rate, 1), "bytes_per_second": round(row.bytes_rate, 1),
        "deliveries": dict(of.deliveries), "counters": dict(of.counters),
        "latencies": [_stage(each) for each in row.stages],
        "connections": [_link(each) for each in row.links],
    }  # fmt: skip


def _link(row: LinkRow) -> Object:
    of = row.of
    return {
        "name": of.name, "state": of.state, "streams": of.streams, "connects": of.connects,
        "frames": of.frames, "bytes": of.bytes, "errors": of.errors, "duplicates": of.duplicates,
        "lag_ns": of.lag_ns, "silent_ns": of.silent_ns, "age_ns": of.age_ns,
        "frames_per_second": round(row.rate, 1), "bytes_per_second": round(row.bytes_rate, 1),
    }  # fmt: skip


def _row(row: Row) -> Object:
    of = row.of
    return {
        "symbol": of.symbol, "state": of.state.name,
        "bid_px": _text(of.bid_px, of.px_exponent), "bid_qty": _text(of.bid_qty, of.qty_exponent),
        "ask_px": _text(of.ask_px, of.px_exponent), "ask_qty": _text(of.ask_qty, of.qty_exponent),
        "last": of.last.text or None, "last_kind": of.last_kind or None,
        "spread_bps": of.spread_bps, "frames_per_second": round(row.rate, 2),
        "age_ns": of.silent_ns, "gaps": of.gaps, "streams": of.streams, "halted": of.is_halted,
    }  # fmt: skip


def _text(mantissa: int | None, exponent: int) -> str | None:
    return Number(mantissa, exponent).text or None


def _gap(gap: Gap) -> Object:
    return {
        "shard": gap.shard, "number": gap.number, "stream": gap.stream, "missing": gap.missing,
        "recovered": gap.recovered, "opened": gap.opened,
    }  # fmt: skip
