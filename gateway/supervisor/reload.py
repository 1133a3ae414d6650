"""What a configuration that was read again changes, and what of it needs a restart. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.config import Config

TAKEN_UP = frozenset({"subscribe"})  # the rest is built into segments, sockets and processes


def needs_restart(running: Config, read: Config) -> list[str]:
    """Return the keys, as ``memory.raw_ring_bytes``, that differ and are not taken up."""
    return [key for key in _differences(running, read, "") if key not in TAKEN_UP]


def _differences(old: Any, new: Any, where: str) -> Iterator[str]:
    if not isinstance(old, msgspec.Struct):
        if old != new:
            yield where
        return
    for field in old.__struct_fields__:
        name = f"{where}.{field}" if where else field
        yield from _differences(getattr(old, field), getattr(new, field), name)
