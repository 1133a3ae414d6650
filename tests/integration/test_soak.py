"""Memory and descriptors stay as they are under load: for some minutes, and at full size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--instruments", "200", "--rate", "10000", "--seconds", "120", "--warm-up", "90")
pytestmark = pytest.mark.chaos


def soak(capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    """Run the soak, which judges itself, and show what it found."""
    command = [sys.executable, "-m", "bench.bench_soak", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.timeout(600)
def test_memory_and_descriptors_are_flat_for_two_minutes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    soak(capsys, *SHORT)


@pytest.mark.timeout(2400)
def test_memory_and_descriptors_are_flat_for_twenty_minutes_at_twice_the_design_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    soak(capsys)
