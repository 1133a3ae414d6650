"""What does storing into shared memory cost: a quote into its slot, a record into the ring?

Topology: one process, nobody reads; CPU time, best of seven. What a read costs is in
bench_client_read.py. What was stored is read back and compared. ``--smoke``: a toy size.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import sys
import tempfile
from pathlib import Path

from bench import machine
from gateway import segment_file
from gateway.core import probe
from gateway.layout import META, RING
from gateway.plan import ShardPlan

RECORD = 128


def check(segment: segment_file.SegmentFile, rounds: int, passes: int) -> None:
    """Versions and record numbers say how often was stored; AssertionError where they do not."""
    slot = segment.sections["quote"]
    row = (rounds - 1) & 63
    at = slot.offset + row * slot.stride
    version, *_ = struct.unpack_from("<Q", segment.memory, at)
    assert version == passes * sum(1 for i in range(rounds) if i & 63 == row), version
    cell = at + slot.cell_offset + (version & 1) * slot.cell_size
    assert struct.unpack_from("<q", segment.memory, cell + META.size)[0] == rounds - 1
    ring = segment.sections["events"].offset + RING.offsets()["record_count"]
    assert struct.unpack_from("<Q", segment.memory, ring)[0] == rounds * passes


def main() -> int:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    rounds = 1_000 if parser.parse_args().smoke else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="gw-bench-", dir="/dev/shm"))
    try:
        plan = ShardPlan(0, 1, 1, str(folder), [], [], [])
        segment = segment_file.create(folder / "shard-0.seg", plan=plan)
        runs = [probe.time_stores(segment.memory, rounds) for _ in range(7)]
        check(segment, rounds, len(runs))
    finally:
        shutil.rmtree(folder)
    print(machine.line())
    print(f"quote into its slot      {min(slot for slot, _ in runs) / rounds:7.1f} ns")
    print(f"{RECORD}-byte record in ring {min(ring for _, ring in runs) / rounds:9.1f} ns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
