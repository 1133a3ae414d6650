"""A view as plain lines, for logs, pipes and ``top --once``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.cli.numbers import duration, rate, size
from gateway.cli.numbers import latency as latency_text
from gateway.cli.view import SymbolView, View
from gateway_client.status import Latency

COLUMNS = (
    ("symbol", "<"), ("state", "<"), ("bid qty", ">"), ("bid", ">"), ("ask", ">"),
    ("ask qty", ">"), ("last", ">"), ("rate/s", ">"), ("age", ">"), ("gaps", ">"),
)  # fmt: skip
LATENCY_NAMES = {
    "event_to_recv": "exchange to here",  # across two clocks
    "recv_to_publish": "here to memory",
}


def header(view: View) -> list[str]:
    """Return what concerns the gateway as a whole: four lines."""
    links = view.connections()
    connections = f"{links['ACTIVE']} of {links['ACTIVE'] + links['DOWN']} connections up"
    shards = ", ".join(
        f"shard {shard.shard_id} {shard.segment_state if shard.is_alive else 'DEAD'}"
        for shard in view.status.shards
    )
    rates = f"{rate(view.frames_per_second)} frames/s, {size(view.bytes_per_second)}/s"
    latencies = "; ".join(_latency(each) for each in view.latencies() if each.count)
    return [
        f"gateway in {view.status.run_dir}, pid {view.status.pid}, from {view.status.upstream}",
        f"{shards}; {connections}; {rates}; {view.total('gaps')} gaps",
        f"streams {delivery_text(view.deliveries())}",
        f"latency p50/p99: {latencies or 'no frames yet'}",
    ]


_WORDS = {
    "DELIVERING": "delivering", "SILENT": "SILENT", "DOWN": "DOWN", "DEAD": "DEAD",
    "STALE": "STALE", "WAITING": "waiting for first data", "QUIET": "without an event so far",
}  # fmt: skip


def delivery_text(deliveries: Mapping[str, int]) -> str:
    """Return what streams do: "120: 118 delivering, 2 SILENT"."""
    said = [f"{deliveries[name]:,} {word}" for name, word in _WORDS.items() if deliveries.get(name)]
    return f"{sum(deliveries.values()):,}: {', '.join(said) or 'none'}"


def _latency(latency: Latency) -> str:
    name = LATENCY_NAMES.get(latency.name, latency.name)
    # Percentiles are upper edges of their buckets, the maximum is exact.
    p50, p99 = min(latency.p50, latency.max), min(latency.p99, latency.max)
    return f"{name} {latency_text(p50)}/{latency_text(p99)}"


def cells(row: SymbolView) -> tuple[str, ...]:
    """Return a row's texts, in the order of COLUMNS."""
    return (
        row.symbol, row.state.name, row.bid_qty, row.bid_px, row.ask_px, row.ask_qty, row.last,
        rate(row.rate), duration(row.age_ns), str(row.gaps),
    )  # fmt: skip


def lines(view: View) -> Iterator[str]:
    """Yield the whole view."""
    yield from header(view)
    rows = [tuple(title for title, _ in COLUMNS), *map(cells, view.symbols)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        texts = zip(row, COLUMNS, widths, strict=True)
        yield "  ".join(f"{text:{side}{width}}" for text, (_, side), width in texts).rstrip()
