"""The C core under ASan and UBSan, on recorded frames and mutations of them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from gateway import segment_file
from gateway.layout import Market
from gateway.plan import PlanSymbol, ShardPlan

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "gateway" / "core"
FRAMES = 20_000  # of the capture; GATEWAY_FUZZ_FRAMES asks for more rounds over them
CFLAGS = ("-std=c11", "-g", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror")
SANITIZERS = "-fsanitize=address,undefined"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fuzz") / "engine_fuzz"
    sources = [str(path) for path in sorted(CORE.glob("*.c"))]
    here = str(Path(__file__).with_name("engine_fuzz.c"))
    command = ["cc", *CFLAGS, SANITIZERS, "-fno-sanitize-recover=all", f"-I{CORE}", here, *sources]
    subprocess.run([*command, "-o", str(out)], check=True)
    return out


def write_corpus(capture: Path, to: Path) -> None:
    """The snapshot first, then frames, each behind its length."""
    with gzip.open(capture) as lines:
        frames = [
            line.split(b" ", 1)[1].rstrip() for line, _ in zip(lines, range(FRAMES), strict=False)
        ]
    frames.sort(key=lambda frame: not frame.startswith(b'{"lastUpdateId"'))
    assert frames[0].startswith(b'{"lastUpdateId"')
    to.write_bytes(b"".join(len(f).to_bytes(4, "little") + f for f in frames))


@pytest.mark.parametrize("ring_bytes", [8 << 20, 64 << 10], ids=["roomy rings", "tiny rings"])
def test_no_sanitizer_speaks_and_every_frame_is_accounted_for(
    program: Path, shared_data: Path, run_dir: Path, tmp_path: Path, ring_bytes: int
) -> None:
    symbols = [PlanSymbol(Market.SPOT, "BTCUSDT", -2, -8)]
    plan = ShardPlan(
        0, 1, 1, str(run_dir), symbols, [], [],
        events_ring_bytes=ring_bytes, raw_ring_bytes=ring_bytes,
    )  # fmt: skip
    segment = segment_file.create(run_dir / "shard-0.seg", plan=plan)
    write_corpus(shared_data / "captures/spot/btcusdt_20240808.gz", tmp_path / "corpus")
    rounds = os.environ.get("GATEWAY_FUZZ_FRAMES", "60000")
    command = [str(program), str(segment.built_at), str(tmp_path / "corpus"), "20261122", rounds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    counted = json.loads(done.stdout)
    parts = ("data", "control", "unknown", "unreadable", "duplicate", "early")
    assert counted["received"] == sum(counted[part] for part in parts)
    assert counted["unreadable"] > 100
    assert counted["duplicate"] > 1000
    assert counted["snapshots"] > 0
    assert counted["audits"] > counted["differing"] > 0
    assert counted["sent"] > 0
    assert counted["backfilled"] > counted["filled"] > 0
    assert counted["refreshed"] > 0
