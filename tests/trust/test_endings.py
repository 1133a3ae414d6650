"""What a loop would only log is found."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.trust.clock import SimulatedLoop, SimulatedTime
from tests.trust.endings import Endings


async def fail() -> None:
    raise ValueError("nobody looks here")


async def wait() -> None:
    await asyncio.Event().wait()


async def fail_when_cancelled() -> None:
    try:
        await asyncio.sleep(3600.0)
    finally:
        raise KeyError("at the end")


async def start(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(1.0)
    del task


async def call_back() -> None:
    asyncio.get_running_loop().call_later(0.5, int, "x")
    await asyncio.sleep(1.0)


async def forget() -> None:
    wait()  # type: ignore[unused-coroutine]


@pytest.mark.parametrize(
    ("work", "found"),
    [
        pytest.param(lambda: start(fail()), "nobody looks here", id="task"),
        pytest.param(lambda: start(fail_when_cancelled()), "at the end", id="cancelled task"),
        pytest.param(call_back, "invalid literal", id="callback"),
        pytest.param(forget, "never awaited", id="forgotten coroutine"),
        pytest.param(lambda: start(wait()), "", id="work that waits"),
    ],
)
def test_what_went_wrong_unseen_is_found(work: Any, found: str) -> None:
    clock = SimulatedTime()
    loop = SimulatedLoop(clock)
    endings = Endings(loop)
    with clock.in_force(), endings.watching():
        loop.run_until_complete(work())
        endings.end_all()
        loop.close()
    assert len(endings.found) == bool(found)
    assert found in "".join(endings.found)
