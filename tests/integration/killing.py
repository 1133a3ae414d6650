"""Campaigns of kill -9: one kill after the other, and what is said at the end.

"Everything LIVE again p99 <= 3 s" is judged by those with 100 kills alone, and holds on an idle
host: its two cores have the simulator and the reader at work too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Protocol

import pytest

from tests.integration.truth import BookTruth

CHECKS_A_KILL = 40  # books compared with the truth, a kill
LIVE_P99_MAX_S = 3.0


class Campaign(Protocol):
    """Kills, and judges what its readers saw of it."""

    books: BookTruth

    def kill(self) -> None: ...

    def log(self) -> str: ...

    def report(self) -> str: ...


def run(
    campaign: Campaign, kills: int, capsys: pytest.CaptureFixture[str], pace_s: float = 0.0
) -> None:
    """Kill so often, at most once in ``pace_s``; readers read on between."""
    try:
        for _ in range(kills):
            next_kill = time.monotonic() + pace_s
            campaign.kill()
            campaign.books.read_for(next_kill - time.monotonic())
    except AssertionError:
        sys.stderr.write(campaign.log())
        raise
    assert campaign.books.checked >= kills
    with capsys.disabled():
        print(f"\n{kills} {campaign.report()}")


def seen_of(books: BookTruth) -> str:
    """What readers of books saw; nothing torn or wrong, or the campaign would have ended."""
    return (
        f"{books.reads} reads, {books.live} LIVE, {books.checked} compared with the truth, "
        "0 torn, 0 wrong"
    )


def p99(seconds: Sequence[float]) -> float:
    """Of 100 it is the longest."""
    return sorted(seconds)[int(len(seconds) * 0.99)]
