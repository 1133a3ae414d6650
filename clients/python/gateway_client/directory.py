"""The segments of a gateway and what they carry: attached, watched and attached anew.

A ``Directory`` is the slow half of ``Gateway``: it knows the manifest, opens segments, keeps the
index from names to rows, and looks for successors when something went dead.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway_client import rundir
from gateway_client.errors import (
    ClientError,
    GatewayNotRunning,
    ManifestUnusable,
    SegmentUnusable,
)
from gateway_client.layout import RowState, SectionKind
from gateway_client.plain import Instrument, Segment
from gateway_client.plain.segment import BOOT, OPEN
from gateway_client.rundir import Manifest, Shard
from gateway_client.tables import Row, decode, decode_rows

REATTACH_NS = 10_000_000
"""Paths are looked at no more often than this."""


@dataclass(slots=True)
class Attached:
    """A shard of the manifest with its segment; ``rows`` and ``streams`` as of the last index."""

    shard: Shard
    segment: Segment
    directory_epoch: int
    active: dict[str, Instrument]
    retired: dict[str, Instrument]
    by_row: list[Instrument]
    streams: list[Row]


class Directory:
    """Raises GatewayNotRunning or SegmentUnusable when made; afterwards it only changes."""

    def __init__(
        self,
        run_dir: str | os.PathLike[str] | None,
        open_segment: Callable[[str], Segment],
        make_instrument: Callable[..., Instrument],
    ) -> None:
        self._open_segment = open_segment
        self.make_instrument = make_instrument
        self._lock = threading.Lock()
        self._looked_ns = 0
        self.version = 0
        self.manifest = rundir.find(run_dir)
        self.attached = [self._attach_first(shard) for shard in self.manifest.shards]
        self.instruments = self._join()

    def _attach_first(self, shard: Shard) -> Attached:
        try:
            return self._attach(shard)
        except SegmentUnusable as exc:
            if exc.code not in (OPEN, BOOT):
                raise
            why = f"{rundir.MANIFEST} is a leftover: {shard.segment} {exc.problem}"
            raise GatewayNotRunning([(self.manifest.run_dir, why)]) from exc

    def refresh(self, at_once: bool = False) -> None:
        """Look for a new manifest, new segments and new rows; ``version`` grows where there are.

        Cheap to call in a loop: looks at most every 10 ms, unless told to look ``at_once``.
        """
        now = time.monotonic_ns()
        if now - self._looked_ns < REATTACH_NS and not at_once:
            return
        with self._lock:
            self._looked_ns = now
            self._refresh()

    def _refresh(self) -> None:
        manifest = self._newer_manifest()
        found, changed = [], manifest is not self.manifest
        known = {each.shard.segment: each for each in self.attached}
        for shard in manifest.shards:
            old = known.get(shard.segment)
            new = self._newer(shard, old)
            changed = changed or new is not old
            if new is not None:
                found.append(new)
        if changed:
            self.manifest, self.attached = manifest, found
            self.instruments = self._join()
            self.version += 1

    def _newer_manifest(self) -> Manifest:
        """The manifest as it is now; the old one while there is none to be had."""
        if not rundir.is_replaced(self.manifest):
            return self.manifest
        try:
            return rundir.read(Path(self.manifest.run_dir))
        except (OSError, ManifestUnusable):
            return self.manifest

    def _newer(self, shard: Shard, old: Attached | None) -> Attached | None:
        """The shard attached anew where its file or directory changed, else ``old``."""
        if old is not None and not _is_replaced(old.segment):
            if _directory_epoch(old.segment) == old.directory_epoch:
                return old
            return self._index(shard, old.segment)
        try:
            return self._attach(shard)
        except ClientError:
            return old  # still being made, or of another version: stay with the dead one

    def _attach(self, shard: Shard) -> Attached:
        return self._index(shard, self._open_segment(shard.segment))

    def _index(self, shard: Shard, segment: Segment) -> Attached:
        epoch = _directory_epoch(segment)
        active: dict[str, Instrument] = {}
        retired: dict[str, Instrument] = {}
        by_row = []
        for row, symbol in enumerate(decode_rows("symbol", segment.rows(SectionKind.SYMBOLS))):
            instrument = self._instrument(segment, row, symbol)
            by_row.append(instrument)
            named = active if symbol["state"] == RowState.ACTIVE else retired
            named[instrument.symbol] = instrument
        streams = list(decode_rows("stream", segment.rows(SectionKind.STREAMS)))
        return Attached(shard, segment, epoch, active, retired, by_row, streams)

    def _instrument(self, segment: Segment, row: int, found: Row) -> Instrument:
        return self.make_instrument(
            segment, row, f"{found['market_name']}:{found['symbol']}",
            found["px_exponent"], found["qty_exponent"], found["tick"], found["step"],
        )  # fmt: skip

    def _join(self) -> dict[str, Instrument]:
        """Name -> row, those in use before retired ones, and lower shards before higher."""
        joined: dict[str, Instrument] = {}
        for each in reversed(self.attached):
            joined |= each.retired
        for each in reversed(self.attached):
            joined |= each.active
        return joined

    def symbols(self) -> list[str]:
        """Names of all instruments in use, shard by shard."""
        return list(dict.fromkeys(name for each in self.attached for name in each.active))

    def attached_of(self, segment: Segment) -> Attached | None:
        """The shard that a segment belongs to now; None for one that was replaced."""
        return next((each for each in self.attached if each.segment is segment), None)

    def stream_names(self) -> Iterator[str]:
        """Names of all streams in use."""
        for each in self.attached:
            yield from (row["name"] for row in each.streams if row["state"] == RowState.ACTIVE)


def _is_replaced(segment: Segment) -> bool:
    try:
        found = os.stat(segment.path)
    except OSError:
        return False  # gone: nothing to go to
    return (found.st_dev, found.st_ino) != (segment.device, segment.inode)


def _directory_epoch(segment: Segment) -> int:
    return int(decode("header", segment.header())["directory_epoch"])
