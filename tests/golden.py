"""The golden segments of ``clients/vectors``, as bytes and as expected values."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[1] / "clients" / "vectors"
MINOR_0, MINOR_1, MINOR_2, MINOR_3 = "segment_v1", "segment_v1_1", "segment_v1_2", "segment_v1_3"
SEGMENTS = (MINOR_0, MINOR_1, MINOR_2, MINOR_3)


def segment(name: str = MINOR_3, *, alive: bool = True) -> bytearray:
    """Bytes of a segment; ``alive`` patches the kernel's boot id and a heartbeat of now."""
    lines = (VECTORS / f"{name}.hex").read_text(encoding="utf-8").splitlines()
    data = bytearray(int(lines[1].removeprefix("size "), 16))
    for line in lines[2:]:
        offset, content, _ = line.split(" ", 2)
        at, part = int(offset, 16), bytes.fromhex(content)
        data[at : at + len(part)] = part
    if alive:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        data[0x50:0x60] = bytes.fromhex(boot_id.strip().replace("-", ""))
        mono = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        struct.pack_into("<qq", data, 0x88, mono, time.time_ns())
    return data


def expected(name: str = MINOR_3) -> Any:
    """Content of the JSON file beside it."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
