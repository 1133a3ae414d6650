"""A moment of the gateway and what a page looks at → one message. Pure.

Prices and quantities are exact texts, durations are in ns, times in ms since the Unix epoch; what
is not known is null. Numbers of 64 bits that a browser would round are not sent.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.dashboard.looks import Look
from gateway.watch.changes import LinkRow, Row, ShardRow, View
from gateway.watch.ladder import Ladder, Rung, ladder_of
from gateway.watch.readings import DEAD, Number, Reading
from gateway.watch.rows import arrange
from gateway.watch.stages import Stage, bucket_end
from gateway_client import Book, Gap

Object = dict[str, Any]
GAPS_MAX: Final = 40
BINS_PER_OCTAVE: Final = 4


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to show. ``view`` None: no gateway runs, for the reason ``why``."""

    number: int
    view: View | None = None
    why: str = ""
    books: Mapping[str, Book | None] = field(default_factory=dict)


def message(moment: Moment, look: Look) -> Object:
    """Return what a page is sent."""
    if moment.view is None:
        return {"number": moment.number, "gateway": {"state": "WAITING", "why": moment.why}}
    view = moment.view
    rows = arrange(view.rows, look.order, look.reverse, look.text)
    return {
        "number": moment.number,
        "gateway": _gateway(view.reading),
        "totals": _totals(view),
        "counters": _counters(view),
        "stages": [_stage(each) for each in view.stages],
        "shards": [_shard(each) for each in view.shards],
        "table": {
            "total": len(view.rows),
            "matching": len(rows),
            "first": look.first,
            "rows": [_row(each) for each in rows[look.first : look.first + look.rows]],
        },
        "selected": _selected(moment, view.rows, chosen(rows, view.rows, look), look.levels),
        "gaps": _gaps(view.reading),
        "weight": (view.reading.report or {}).get("weight"),
    }


def chosen(shown: Sequence[Row], rows: Sequence[Row], look: Look) -> str:
    """Return the instrument whose book is wanted: the named one, else the first of the table."""
    if look.symbol:
        return look.symbol
    first = next(iter(shown), None) or next(iter(rows), None)
    return first.of.symbol if first else ""


def wanted(view: View, looks: Iterable[Look]) -> dict[str, int]:
    """Return the books that are looked at, each with the most levels that anybody wants."""
    found: dict[str, int] = {}
    for look in looks:
        rows = () if look.symbol else arrange(view.rows, look.order, look.reverse, look.text)
        symbol = chosen(rows, view.rows, look)
        if symbol:
            found[symbol] = max(look.levels, found.get(symbol, 0))
    return found


def _gateway(reading: Reading) -> Object:
    return {
        "state": "LIVE" if reading.is_alive else "DEAD",
        "time": reading.time_ns / 1e6,
        "run_dir": reading.run_dir,
        "instance": reading.instance,
        "pid": reading.pid,
        "upstream": reading.upstream,
        "uptime": max(0, reading.uptime_ns),
        "answers": reading.report is not None,
    }


def _totals(view: View) -> Object:
    reading = view.reading
    does: Counter[str] = Counter()
    for shard in reading.shards:
        does.update(shard.deliveries)
    return {
        "rate": round(view.rate, 1),
        "bytes_rate": round(view.bytes_rate, 1),
        "seconds": round(view.seconds, 2),
        "states": Counter(each.state.name for each in reading.instruments),
        "streams": {str(name): count for name, count in does.items()},
        "troubled": [[name, str(how)] for name, how in reading.troubled[:GAPS_MAX]],
        "gaps": reading.total("gaps"),
        "open": sum(gap.is_open for gap in reading.gaps),
    }


def _counters(view: View) -> list[list[Any]]:
    """Those that count anything: name, total, a second."""
    reading = view.reading
    found = ((name, reading.total(name), round(rate, 1)) for name, rate in view.rates.items())
    return [list(each) for each in found if each[1]]


def _stage(stage: Stage) -> Object:
    return {
        "name": stage.name, "count": stage.count, "mean": stage.mean, "p50": stage.p50,
        "p90": stage.p90, "p99": stage.p99, "p999": stage.p999, "max": stage.max,
        "bins": bins(stage.buckets),
    }  # fmt: skip


def bins(buckets: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return (n, values) for bins from 2^(n/4) ns up to 2^((n+1)/4), for a logarithmic axis."""
    found: Counter[int] = Counter()
    for bucket, count in buckets.items():
        found[int(BINS_PER_OCTAVE * math.log2(max(1, bucket_end(bucket))))] += count
    return sorted(found.items())


def _shard(row: ShardRow) -> Object:
    of = row.of
    return {
        "id": of.shard_id, "state": of.state, "alive": of.is_alive, "pid": of.pid,
        "heartbeat": of.heartbeat_age_ns, "size": of.size, "instruments": of.instruments,
        "rate": round(row.rate, 1), "bytes_rate": round(row.bytes_rate, 1), "new": row.is_new,
        "streams": sum(of.deliveries.values()),
        "links": [_link(each, of.is_alive) for each in row.links],
    }  # fmt: skip


def _link(row: LinkRow, is_alive: bool) -> Object:
    """One connection; what a writer said of it that is gone is not so any more."""
    of = row.of
    return {
        "name": of.name, "state": of.state if is_alive else DEAD, "streams": of.streams,
        "connects": of.connects,
        "rate": round(row.rate, 1), "bytes_rate": round(row.bytes_rate, 1), "lag": of.lag_ns,
        "silent": of.silent_ns,
        "age": of.age_ns, "errors": of.errors, "duplicates": of.duplicates,
    }  # fmt: skip


def _row(row: Row) -> Object:
    of = row.of
    return {
        "symbol": of.symbol, "state": of.state.name, "bid": _text(of.bid_px, of.px_exponent),
        "ask": _text(of.ask_px, of.px_exponent), "last": of.last.text or None,
        "kind": of.last_kind, "spread": of.spread_bps, "rate": round(row.rate, 1),
        "age": of.silent_ns, "gaps": of.gaps, "halted": of.is_halted,
    }  # fmt: skip


def _selected(moment: Moment, rows: Sequence[Row], symbol: str, levels: int) -> Object | None:
    row = next((each for each in rows if each.of.symbol == symbol), None)
    if row is None:
        return {"symbol": symbol, "row": None, "book": None} if symbol else None
    of = row.of
    book = moment.books.get(symbol) if of.has_book else None
    return {
        "symbol": symbol,
        "row": _row(row),
        "has_book": of.has_book,
        "bid_qty": _text(of.bid_qty, of.qty_exponent),
        "ask_qty": _text(of.ask_qty, of.qty_exponent),
        "book": None if book is None else _book(book, levels),
    }


def _book(book: Book, levels: int) -> Object:
    ladder = ladder_of(book)
    return {
        "state": book.state.name,
        "reason": book.reason.name,
        "update_id": str(book.update_id),
        "age": max(0, book.age_ns) if book.ts_recv else None,
        "spread": None if ladder.spread is None else ladder.px(ladder.spread),
        "spread_bps": ladder.spread_bps,
        "middle": ladder.middle,
        "imbalance": ladder.imbalance,
        "bids": _rungs(ladder, ladder.bids[:levels]),
        "asks": _rungs(ladder, ladder.asks[:levels]),
        "bid_total": book.bid_total,
        "ask_total": book.ask_total,
    }


def _rungs(ladder: Ladder, side: Sequence[Rung]) -> list[list[str]]:
    px, qty = ladder.px, ladder.qty
    return [[px(each.px), qty(each.qty), qty(each.cumulated)] for each in side]


def _gaps(reading: Reading) -> list[Object]:
    """The open ones first, then the newest."""
    found = sorted(reading.gaps, key=lambda gap: (not gap.is_open, -gap.opened))
    return [_gap(each) for each in found[:GAPS_MAX]]


def _gap(gap: Gap) -> Object:
    return {
        "stream": gap.stream, "state": gap.state.name, "missing": gap.missing,
        "recovered": gap.recovered, "opened": gap.opened / 1e6, "shard": gap.shard,
        "closed": None if gap.closed is None else gap.closed / 1e6,
    }  # fmt: skip


def _text(mantissa: int | None, exponent: int) -> str | None:
    return Number(mantissa, exponent).text or None
