"""A view as plain lines, for logs, pipes and ``top --once``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gateway.cli.live import panels
from gateway.cli.live.header import header
from gateway.cli.live.listing import cells, columns
from gateway.cli.live.text import plain, table
from gateway.watch.changes import Row, View

HEADER_WIDTH: Final = 100
"""Of what concerns the gateway as a whole, where there is no terminal."""

_WORDS: Final = {
    "DELIVERING": "delivering", "SILENT": "SILENT", "DOWN": "DOWN", "DEAD": "DEAD",
    "STALE": "STALE", "WAITING": "waiting for first data", "QUIET": "without an event so far",
}  # fmt: skip


def lines(view: View, rows: Sequence[Row], width: int | None = None) -> Iterator[str]:
    """Yield the gateway, latencies, shards and these rows; in ``width`` columns of a terminal."""
    head = width or HEADER_WIDTH
    for block in (header(view, head), panels.stages(view, head), panels.shards(view, head)):
        yield from map(plain, block)
    yield ""
    yield from map(plain, table(columns(), [cells(row) for row in rows], width))


def delivery_text(deliveries: Mapping[str, int]) -> str:
    """Return what streams do: "120: 118 delivering, 2 SILENT"."""
    said = [f"{deliveries[name]:,} {word}" for name, word in _WORDS.items() if deliveries.get(name)]
    return f"{sum(deliveries.values()):,}: {', '.join(said) or 'none'}"
