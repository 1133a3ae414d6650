"""Readings and keys → screens, again and again, until it is time to end."""

from __future__ import annotations

import time
from typing import Final

from gateway.cli.live.state import State, press, settled
from gateway.cli.live.terminal import REDRAW, Terminal
from gateway.cli.live.whole import Screen, whole
from gateway.watch.changes import Row, View, compare
from gateway.watch.rows import arrange
from gateway.watch.watcher import Watcher

FIRST_SECONDS: Final = 0.25  # until the first rates
LADDER_SECONDS: Final = 0.2  # a book is redrawn more often than everything is read
LEVELS: Final = 1000
PAUSED_SECONDS: Final = 3600.0


class Live:
    """A live screen on ``terminal``, of ``limit`` instruments at most."""

    def __init__(
        self, watcher: Watcher, terminal: Terminal, state: State, limit: int | None = None
    ) -> None:
        self._watcher = watcher
        self._terminal = terminal
        self._limit = limit
        self._state = state
        self._view = compare(None, watcher.take())
        self._due = time.monotonic() + min(FIRST_SECONDS, state.interval)

    def run(self, seconds: float | None = None) -> None:
        """Show it until q is pressed, at most for ``seconds``."""
        until = time.monotonic() + seconds if seconds is not None else float("inf")
        while not self._state.is_over and (now := time.monotonic()) < until:
            if now >= self._due and not self._state.is_paused:
                self._view = compare(self._view.reading, self._watcher.take())
                self._due = time.monotonic() + self._state.interval
            rows = self._rows()
            screen = self._draw(rows)
            keys = self._terminal.wait(min(self._pause(), until - now))
            self._press([key for key in keys if key != REDRAW], rows, screen.room)

    def _rows(self) -> list[Row]:
        state = self._state
        return arrange(self._view.rows, state.order, state.reverse, state.filter)[: self._limit]

    def _draw(self, rows: list[Row]) -> Screen:
        width, height = self._terminal.size
        screen = self._screen(rows, width, height)
        symbols = [row.of.symbol for row in rows]
        at = settled(self._state, screen.total, symbols, screen.room)
        if at != self._state:
            self._state = at
            screen = self._screen(rows, width, height)
        self._terminal.draw(screen.lines)
        return screen

    def _screen(self, rows: list[Row], width: int, height: int) -> Screen:
        book = self._watcher.book(self._state.ladder, LEVELS) if self._state.ladder else None
        return whole(self._view, self._state, rows, book, width, height)

    def _pause(self) -> float:
        if self._state.is_paused:
            return PAUSED_SECONDS
        left = max(0.0, self._due - time.monotonic())
        return min(left, LADDER_SECONDS) if self._state.ladder else left

    def _press(self, keys: list[str], rows: list[Row], room: int) -> None:
        interval = self._state.interval
        for key in keys:
            symbols = [row.of.symbol for row in rows]
            self._state = press(self._state, key, symbols, room)
            if key != keys[-1]:
                rows = self._rows()  # the next key is about what this one has changed
        if self._state.interval != interval:
            self._due = min(self._due, time.monotonic() + self._state.interval)


def show(
    watcher: Watcher, state: State, limit: int | None = None, seconds: float | None = None
) -> None:
    """Take the terminal over and show it until q or Ctrl-C, at most for ``seconds``."""
    try:
        with Terminal() as terminal:
            Live(watcher, terminal, state, limit).run(seconds)
    except KeyboardInterrupt:
        pass  # the way to end it


def first_view(watcher: Watcher, seconds: float) -> View:
    """Return a view with the rates of ``seconds``."""
    before = watcher.take()
    time.sleep(seconds)
    return compare(before, watcher.take())
