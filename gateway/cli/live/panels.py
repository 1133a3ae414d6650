"""Shards, connections, latencies, gaps and streams in trouble. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gateway.cli.live import styles
from gateway.cli.live.styles import BAD, DIM
from gateway.cli.live.text import Column, Line, Piece, table
from gateway.cli.numbers import NOTHING, duration, latency, rate, size
from gateway.watch.changes import LinkRow, ShardRow, View
from gateway.watch.stages import Stage
from gateway_client import Gap

LAG_NS: Final = 10**9
_SHARDS: Final = (
    Column("shard", "<"), Column("state", "<", least=7), Column("pid", rank=4),
    Column("up", rank=3), Column("beat", least=6, rank=2), Column("connections", "<"),
    Column("instr", rank=5), Column("streams", rank=5), Column("frames/s", least=6),
    Column("bytes/s", least=8, rank=1), Column("restarts", rank=3),
)  # fmt: skip
_LINKS: Final = (
    Column("connection", "<", least=14), Column("state", "<", least=6), Column("shard", rank=5),
    Column("up", least=6, rank=2), Column("streams"), Column("frames/s", least=6),
    Column("bytes/s", least=8, rank=1), Column("last", least=7), Column("lag", least=6),
    Column("connects", rank=4), Column("errors", rank=3), Column("duplicates", rank=6),
)  # fmt: skip
_STAGES: Final = (
    Column("latency", "<", least=17), Column("p50", least=7), Column("p90", least=7, rank=1),
    Column("p99", least=7), Column("p99.9", least=7), Column("max", least=7, rank=2),
    Column("timed/s", least=7, rank=1),
)  # fmt: skip
_GAPS: Final = (
    Column("state", "<", least=7), Column("stream", "<"), Column("missing", least=4),
    Column("recovered", rank=2), Column("found (UTC)", rank=1), Column("lasted"),
)  # fmt: skip


def shards(view: View, width: int) -> list[Line]:
    """Return a line for each shard."""
    report = view.reading.report or {}
    starts = {each.get("id"): each.get("restarts", 0) for each in report.get("shards", ())}
    rows = [_shard(each, view.reading.time_ns, starts) for each in view.shards]
    return table(_SHARDS, rows, width)


def links(view: View, width: int) -> list[Line]:
    """Return a line for each connection; those that are not as they should be come first."""
    found = sorted((link for shard in view.shards for link in shard.links), key=_link_rank)
    return table(_LINKS, [_link(each) for each in found], width)


def stages(view: View, width: int) -> list[Line]:
    """Return a line for each stage, of the time since the reading before, over all shards.

    Stages of which nothing was ever timed are left out: nobody may be there to send to.
    """
    parts = [part for shard in view.reading.shards for part in shard.histograms.items()]
    timed = {name for name, histogram in parts if histogram.count}
    rows = [_stage(each, view.seconds) for each in view.stages if each.name in timed]
    return table(_STAGES, rows, width)


def gaps(found: Sequence[Gap], now_ns: int, width: int) -> list[Line]:
    """Return a line for each gap: open ones first, then the newest."""
    ordered = sorted(found, key=lambda gap: (not gap.is_open, -gap.opened))
    return table(_GAPS, [_gap(each, now_ns) for each in ordered], width)


def streams(view: View, width: int) -> list[Line]:
    """Return a line for each stream that does not deliver."""
    columns = (Column("state", "<", least=8), Column("stream that does not deliver", "<"))
    rows = [[styles.state(does), (name, "")] for name, does in view.reading.troubled]
    return table(columns, rows, width)


def _shard(row: ShardRow, now_ns: int, starts: Mapping[Any, int]) -> list[Piece]:
    of, beat = row.of, row.of.heartbeat_age_ns
    up = NOTHING if not of.started_ns else duration(max(0, now_ns - of.started_ns))
    restarts = starts.get(of.shard_id)
    return [
        (str(of.shard_id), ""), styles.state(of.state), (str(of.pid or NOTHING), DIM), (up, ""),
        (NOTHING, DIM) if beat is None else (duration(beat), "" if of.is_alive else BAD),
        _links_of(row), (f"{of.instruments:,}", ""), (f"{sum(of.deliveries.values()):,}", ""),
        (rate(row.rate), "" if row.rate else DIM), (size(row.bytes_rate), ""),
        (NOTHING, DIM) if restarts is None else (f"{restarts:,}", "yellow" if restarts else DIM),
    ]  # fmt: skip


def _links_of(row: ShardRow) -> Piece:
    counts = Counter(link.of.state for link in row.links)
    up, wanted = counts["ACTIVE"], counts["ACTIVE"] + counts["DOWN"]
    lag = max((link.of.lag_ns for link in row.links if link.of.state == "ACTIVE"), default=0)
    late = f", lag {duration(lag)}" if lag > LAG_NS else ""
    return f"{up} of {wanted} up{late}", BAD if up < wanted or late or not wanted else ""


def _link_rank(link: LinkRow) -> tuple[int, str]:
    order = {"DOWN": 0, "ACTIVE": 2, "IDLE": 3}
    rank = 1 if link.of.state == "ACTIVE" and link.of.lag_ns > LAG_NS else order[link.of.state]
    return rank, link.of.name


def _link(row: LinkRow) -> list[Piece]:
    of = row.of
    return [
        (of.name, ""), styles.state(of.state), (str(row.shard_id), DIM), (_since(of.age_ns), ""),
        (f"{of.streams:,}", ""), (rate(row.rate), "" if row.rate else DIM),
        (size(row.bytes_rate), ""), (_since(of.silent_ns), ""),
        (duration(of.lag_ns), BAD if of.lag_ns > LAG_NS else ""), (f"{of.connects:,}", ""),
        (f"{of.errors:,}", BAD if of.errors else DIM), (f"{of.duplicates:,}", DIM),
    ]  # fmt: skip


def _since(nanoseconds: int | None) -> str:
    return duration(math.nan if nanoseconds is None else nanoseconds)


def _stage(stage: Stage, seconds: float) -> list[Piece]:
    marks = (stage.p50, stage.p90, stage.p99, stage.p999, stage.max)
    per_second = rate(stage.count / seconds) if seconds > 0 else f"{stage.count:,}"
    return [
        (styles.stage(stage.name), ""),
        *((NOTHING, DIM) if mark is None else (latency(mark), "") for mark in marks),
        (per_second, DIM),
    ]


def _gap(gap: Gap, now_ns: int) -> list[Piece]:
    until = now_ns if gap.closed is None else gap.closed
    opened = datetime.fromtimestamp(gap.opened / 1e9, UTC).strftime("%m-%d %H:%M:%S")
    return [
        styles.state(gap.state.name), (gap.stream, ""),
        (f"{gap.missing:,}" if gap.missing else "?", ""), (f"{gap.recovered:,}", ""),
        (opened, DIM), (duration(max(0, until - gap.opened)), ""),
    ]  # fmt: skip
