"""Every decoder under ASan and UBSan, on documented and recorded events and mutations of them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.core.samples import samples
from tests.model.payload_keys import EVENTS
from tests.strategies import Payload

HERE = Path(__file__).parent
CORE = Path(__file__).resolve().parents[2] / "gateway" / "core"
SOURCES = [
    *sorted(CORE.glob("decode*.c")),
    *(CORE / f"{name}.c" for name in ("json", "skip", "number")),
]
CFLAGS = (
    "-std=c11", "-g", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{CORE}",
)  # fmt: skip


def record(payload: Payload) -> bytes:
    symbol = payload.symbol.encode()
    head = (payload.kind, payload.market, -payload.px_exponent, -payload.qty_exponent, len(symbol))
    return bytes(head) + symbol + len(payload.data).to_bytes(4, "little") + payload.data


def test_no_sanitizer_speaks_over_any_decoder(tmp_path: Path) -> None:
    program, corpus = tmp_path / "decode_fuzz", tmp_path / "corpus"
    subprocess.run(
        ["cc", *CFLAGS, str(HERE / "decode_fuzz.c"), *map(str, SOURCES), "-o", str(program)],
        check=True,
    )
    corpus.write_bytes(b"".join(record(sample.values[0]) for sample in samples("*.jsonl")))
    rounds = os.environ.get("GATEWAY_FUZZ_FRAMES", "200000")
    done = subprocess.run(
        [str(program), str(corpus), "20261122", rounds], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    counted = json.loads(done.stdout)
    assert counted.pop("rows_read") > 0
    assert counted.pop("rows_refused") > 0
    assert set(counted) == {str(int(kind)) for kind in EVENTS}
    assert all(read > 0 and refused > 0 for read, refused in counted.values()), counted
