"""On which machine a figure was taken: one line for the head of every report."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


def line() -> str:
    """Date, processor, cores, kernel and Python."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [
        row.partition(":")[2].strip() for row in info.splitlines() if row.startswith("model name")
    ]
    cores = len(os.sched_getaffinity(0))
    date = time.strftime("%Y-%m-%d")
    return (
        f"{date}, {names[0] if names else platform.machine()}, {cores} cores, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )
