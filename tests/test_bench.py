"""Every benchmark at toy size: it runs, and its own check passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHES = sorted(path.stem for path in (ROOT / "bench").glob("bench_*.py"))


@pytest.mark.parametrize("name", BENCHES)
def test_a_benchmark_runs_and_checks_its_own_result(name: str) -> None:
    command = [sys.executable, "-m", f"bench.{name}", "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout


def test_every_benchmark_is_explained() -> None:
    explained = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert [name for name in BENCHES if f"{name}.py" not in explained] == []
