"""Is a shard's event loop alive? Read from its segment, as any reader would.

A process that exists but whose loop stands still shows in nothing but the heartbeat.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from gateway.layout import HEADER, PAGE

_MONO = HEADER.offsets()["heartbeat_mono"]
_GENERATION = HEADER.offsets()["generation"]


class Heartbeat:
    """The heartbeat of one segment, mapped read-only. Raises OSError if it cannot be opened."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_size < PAGE:
                raise OSError(f"{path} is shorter than a header")
            self._page = mmap.mmap(descriptor, PAGE, mmap.MAP_SHARED, mmap.PROT_READ)
        finally:
            os.close(descriptor)

    @property
    def generation(self) -> int:
        """The writer's start number."""
        return int(struct.unpack_from("<Q", self._page, _GENERATION)[0])

    def age_seconds(self, mono_ns: int) -> float:
        """Return the age of the last beat at ``mono_ns`` (CLOCK_MONOTONIC)."""
        return (mono_ns - self.last_ns) / 1e9

    @property
    def last_ns(self) -> int:
        """When the last beat was (CLOCK_MONOTONIC)."""
        # One aligned 8-byte load; the writer stores it whole.
        beat: int = memoryview(self._page)[_MONO : _MONO + 8].cast("q")[0]
        return beat

    def close(self) -> None:
        """Unmap it."""
        self._page.close()
