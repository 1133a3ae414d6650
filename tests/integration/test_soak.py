"""The short form of the soak: memory and descriptors stay as they are for a minute, under load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--instruments", "200", "--rate", "10000", "--seconds", "60", "--warm-up", "120")


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_memory_and_descriptors_are_flat_for_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "bench.bench_soak", *SHORT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")
    assert done.returncode == 0, done.stderr[-3000:]
