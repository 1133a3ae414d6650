"""Reads the segments of a gateway as any reader does: the supervisor asks no shard for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gateway.metrics.readings import Histogram, ShardReading
from gateway_client import ClientError, Gateway
from gateway_client.attached import UNFED, Attached
from gateway_client.directory import Directory
from gateway_client.gaps import gaps
from gateway_client.layout import SIZES, SectionKind, Status
from gateway_client.status import shard_status
from gateway_client.tables import decode, decode_rows


class Reader:
    """Not for several threads at a time. ``run_dir`` is the gateway's own."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._directory: Directory | None = None

    def read(self) -> list[ShardReading]:
        """Return what there is of every shard; nothing before all were up for the first time."""
        try:
            return self._read()
        except ClientError:
            self.close()
            return []

    def close(self) -> None:
        """Let go of the segments."""
        if self._directory is not None:
            self._directory.forget()
            self._directory = None

    def _read(self) -> list[ShardReading]:
        directory = self._directory
        if directory is None:
            open_segment, make = Gateway.open_segment, Gateway.make_instrument
            directory = self._directory = Directory(self._run_dir, open_segment, make)
        # New segments and rows, as restarts and subscriptions bring them.
        directory.refresh(at_once=True)
        open_gaps = Counter(gap.shard for gap in gaps(directory) if gap.is_open)
        return [_reading(each, open_gaps[each.shard.shard_id]) for each in directory.attached]


def _reading(attached: Attached, gaps_open: int) -> ShardReading:
    histograms = [
        Histogram(row["name"], row["sum"], row["buckets"])
        for row in decode_rows("histogram", attached.segment.rows(SectionKind.HISTOGRAMS))
    ]
    return ShardReading(shard_status(attached), histograms, gaps_open, _books_pending(attached))


def _books_pending(attached: Attached) -> list[str]:
    """Symbols of the books that are kept here and were never shown: a cell has none of them yet."""
    fed = [
        each for each in attached.active.values() if attached.rank(each, SectionKind.BOOK) < UNFED
    ]
    size = SIZES["meta"]
    cells = attached.segment.scan(SectionKind.BOOK, [each.row for each in fed], size)
    metas = [decode("meta", cells, at) for at in range(0, len(cells), size)]
    return [
        each.symbol
        for each, meta in zip(fed, metas, strict=True)
        if meta["status"] != Status.LIVE and not meta["sequence"]
    ]
