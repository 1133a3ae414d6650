"""The segments of a gateway and what they carry: attached, watched and attached anew.

A ``Directory`` is the slow half of ``Gateway``: it knows the manifest, opens segments, keeps the
index from names to rows, and looks for successors when something went dead. One instrument may have
rows in several segments: each of its slots is read where a stream feeds it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway_client import rundir
from gateway_client.attached import Attached, index
from gateway_client.errors import (
    ClientError,
    GatewayNotRunning,
    ManifestUnusable,
    SegmentUnusable,
    UnknownStream,
)
from gateway_client.layout import SectionKind, Shape
from gateway_client.plain import Instrument, Segment
from gateway_client.plain.segment import BOOT, OPEN
from gateway_client.rundir import Manifest, Shard
from gateway_client.streams import StreamRow

REATTACH_NS = 10_000_000
"""Paths are looked at no more often than this."""

Found = tuple[Attached, StreamRow]


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
        self._join()

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
            self._join()
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
            if old.is_current():
                return old
            return index(shard, old.segment, self.make_instrument, old)
        try:
            return self._attach(shard)
        except ClientError:
            return old  # still being made, or of another version: stay with the dead one

    def _attach(self, shard: Shard) -> Attached:
        return index(shard, self._open_segment(shard.segment), self.make_instrument)

    def _join(self) -> None:
        """Name -> row, those in use before retired ones, and lower shards before higher."""
        joined: dict[str, Instrument] = {}
        streams: dict[str, Found] = {}
        for each in reversed(self.attached):
            joined |= each.retired
            streams |= {row.name: (each, row) for row in each.streams if not row.is_active}
        for each in reversed(self.attached):
            joined |= each.active
            streams |= {row.name: (each, row) for row in each.streams if _is_split(row)}
        for each in reversed(self.attached):
            streams |= {row.name: (each, row) for row in each.streams if _is_own(row)}
        self.instruments, self._streams = joined, streams

    def slot(self, symbol: str, section: SectionKind) -> Instrument | None:
        """The row of ``symbol`` where a stream feeds this slot, else any; None: no such symbol."""
        if len(self.attached) == 1:
            return self.instruments.get(symbol)
        rows = [(a, a.active[symbol]) for a in self.attached if symbol in a.active]
        if not rows:
            return self.instruments.get(symbol)
        return min(rows, key=lambda found: found[0].rank(found[1], section))[1]

    def stream(self, name: str) -> Found | None:
        """Where a stream is; one in use before a removed one, its own before an array's row."""
        return self._streams.get(name)

    def find_stream(self, name: str) -> Found:
        """The same, also one that was added since the last look. Raises UnknownStream."""
        if name not in self._streams:
            self.refresh(at_once=True)
        if name not in self._streams:
            raise UnknownStream(name, self.stream_names())
        return self._streams[name]

    def forget(self) -> None:
        """Let go of all segments."""
        self.attached = []
        self._join()

    def symbols(self) -> list[str]:
        """Names of all instruments in use, shard by shard."""
        return list(dict.fromkeys(name for each in self.attached for name in each.active))

    def rows_of(self, symbol: str) -> list[tuple[Attached, Instrument]]:
        """Every row in use of an instrument: one a shard that carries some stream of it."""
        return [(a, a.active[symbol]) for a in self.attached if symbol in a.active]

    def quoted(self) -> list[tuple[Attached, list[Instrument]]]:
        """The instruments in use, each at the shard that has its quote."""
        if len(self.attached) == 1:
            return [(each, list(each.active.values())) for each in self.attached]
        best = {name: self.slot(name, SectionKind.QUOTE) for name in self.symbols()}
        return [
            (each, [row for name, row in each.active.items() if best[name] is row])
            for each in self.attached
        ]

    def attached_of(self, segment: Segment) -> Attached | None:
        """The shard that a segment belongs to now; None for one that was replaced."""
        return next((each for each in self.attached if each.segment is segment), None)

    def stream_names(self) -> Iterator[str]:
        """Names of all streams in use, shard by shard, each once."""
        rows = (row for each in self.attached for row in each.streams)
        return iter(dict.fromkeys(row.name for row in rows if row.is_active))


def _is_split(row: StreamRow) -> bool:
    return row.is_active and row.shape == Shape.ROW


def _is_own(row: StreamRow) -> bool:
    return row.is_active and row.shape != Shape.ROW


def _is_replaced(segment: Segment) -> bool:
    try:
        found = os.stat(segment.path)
    except OSError:
        return False  # gone: nothing to go to
    return (found.st_dev, found.st_ino) != (segment.device, segment.inode)
