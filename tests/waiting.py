"""Waiting in tests: for a condition, under a watchdog, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
WATCHDOG_S = 60.0


def wait_for(
    what: Callable[[], T | None], doing: str = "the condition", seconds: float = WATCHDOG_S
) -> T:
    """Return the first answer of ``what`` that is true; fails after ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"watchdog: {doing} took longer than {seconds:.0f} s")


async def until(what: Callable[[], object], seconds: float = WATCHDOG_S) -> None:
    """Wait on the loop until ``what`` is true; raises TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.005)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
