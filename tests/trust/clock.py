"""Simulated time for real product code: one clock under ``time``, asyncio and the compiled core.

Nothing sleeps: when all that is due has been done, the clock jumps to the next timer. One thread;
a run is as fast as its work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from gateway.core import engine

START_REAL_NS = 1_795_345_200_000_000_000
START_MONO_NS = 1_000_000_000_000


class SimulatedTime:
    """The clocks of one host: ``mono_ns`` (CLOCK_MONOTONIC) and ``real_ns`` (CLOCK_REALTIME)."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._offset = START_REAL_NS - START_MONO_NS + round(start_s * 1e9)
        self.mono_ns = START_MONO_NS

    @property
    def real_ns(self) -> int:
        return self.mono_ns + self._offset

    def now(self) -> float:
        """CLOCK_MONOTONIC in seconds."""
        return self.mono_ns / 1e9

    def move_to(self, mono_ns: int) -> None:
        """Turn the clock on; never back."""
        self.mono_ns = max(self.mono_ns, mono_ns)
        engine.hold_clock(self.mono_ns)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Make every clock that the product asks this one."""
        clocks = {
            "monotonic": self.now,
            "monotonic_ns": lambda: self.mono_ns,
            "time": lambda: self.real_ns / 1e9,
            "time_ns": lambda: self.real_ns,
        }
        engine.hold_clock(self.mono_ns)
        try:
            with mock.patch.multiple(time, **clocks):
                yield
        finally:
            engine.hold_clock(0)


class _Selector:
    """Where a loop would wait for sockets, the clock goes on to the next timer."""

    def __init__(self, clock: SimulatedTime) -> None:
        self._clock = clock

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("simulated time stands still: everyone waits for someone else")
        if timeout > 0:
            self._clock.move_to(self._clock.mono_ns + max(1, round(timeout * 1e9)))
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop without sockets and signals, on simulated time."""

    def __init__(self, clock: SimulatedTime) -> None:
        super().__init__()
        self._clock = clock
        self._selector = _Selector(clock)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._clock.now()

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        """Nobody signals here."""

    def remove_signal_handler(self, sig: int) -> bool:
        return False

    def at_ns(self, mono_ns: int, callback: Callable[..., Any], *args: Any) -> None:
        """Call back at a time; late where the clock was turned past it meanwhile."""
        self.call_at(mono_ns / 1e9, callback, *args)
