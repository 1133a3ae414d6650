"""A TCP reset behind unread bytes: the link goes down at once, and the bytes are not lost.

Nothing is sent meanwhile: whoever misses the reset waits until the watchdog ends the test.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.layout import Status
from gateway.shard import liveness
from gateway.shard.dial import Dialling, make_tls
from tests.shard.line import FRAME, Line
from tests.shard.venue import TEXT

NEVER_S = 1e6
WATCHDOG_S = 4.0
TIMES = 5
FRAMES = (0, 1, 8)  # unread; Linux sends ten segments before the first acknowledgement


@pytest.fixture(autouse=True)
def no_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ping would fail to be written, and find the reset that way."""
    monkeypatch.setattr(liveness, "SILENT_NS", int(NEVER_S * 1e9))


async def _reset_behind(line: Line, frames: int, url: str, how: Dialling) -> None:
    line.owner.events.clear()
    line.start(url, how)
    session = await line.established()
    before = line.rig.counters().frames_data
    for _ in range(frames):
        session.send(TEXT, FRAME)
    session.reset()
    async with asyncio.timeout(WATCHDOG_S):
        ending = await line.task
    assert (ending.was_up, ending.problem) == (True, "lost")
    assert line.owner.events[-1] == "down"
    assert line.rig.counters().frames_data - before == frames
    assert line.status() == Status.DOWN


@pytest.mark.asyncio
@pytest.mark.parametrize("frames", FRAMES)
async def test_a_reset_behind_unread_frames_is_noticed(line: Line, frames: int) -> None:
    for _ in range(TIMES):
        await _reset_behind(line, frames, line.venue.url(), Dialling(ping_interval_s=NEVER_S))


@pytest.mark.asyncio
@pytest.mark.parametrize("frames", FRAMES)
async def test_so_it_is_over_tls(
    guarded: Line, certificate: tuple[Path, Path], frames: int
) -> None:
    how = Dialling(make_tls(str(certificate[0])), ping_interval_s=NEVER_S)
    url = f"wss://127.0.0.1:{guarded.venue.port}/stream"
    for _ in range(TIMES):
        await _reset_behind(guarded, frames, url, how)
