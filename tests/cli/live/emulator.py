"""A program on a terminal of its own, and what a person would see there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

WATCHDOG_S = 30.0
_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(.)", re.DOTALL)


class Screen:
    """As much of a terminal as the live screen uses: it places lines, and erases to their end."""

    def __init__(self, width: int, height: int) -> None:
        self.is_alternate = False
        self.has_cursor = True
        self.styles: set[str] = set()
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._lines = [[" "] * width for _ in range(height)]
        self._x = self._y = 0

    def feed(self, text: str) -> None:
        for numbers, command, letter in _TOKEN.findall(text):
            if letter:
                self._put(letter)
            else:
                self._control(numbers, command)

    def _put(self, letter: str) -> None:
        if letter == "\r":
            self._x = 0
        elif letter == "\n":
            self._y = min(self._y + 1, self.height - 1)
        elif self._y < self.height and self._x < self.width:
            self._lines[self._y][self._x] = letter
            self._x += 1

    def _control(self, numbers: str, command: str) -> None:
        if command == "H":
            row, column = (int(n) for n in (numbers or "1;1").split(";"))
            self._y, self._x = row - 1, column - 1
        elif command == "K":
            self._lines[self._y][self._x :] = [" "] * (self.width - self._x)
        elif command == "m":
            self.styles.add(numbers)
        elif numbers == "?1049":
            self.is_alternate = command == "h"
        elif numbers == "?25":
            self.has_cursor = command == "h"

    @property
    def lines(self) -> list[str]:
        return ["".join(line).rstrip() for line in self._lines]


class Program:
    """A command line on a pty; ``with`` ends it."""

    def __init__(
        self, arguments: Sequence[str], width: int = 80, height: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.screen = Screen(width, height)
        self.pid, self._fd = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            settings = {"TERM": "xterm-256color", **(environment or {})}
            for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.execvpe(sys.executable, [sys.executable, *arguments], os.environ | settings)
        self.mode = self.modes()

    def modes(self) -> list[Any]:
        """What the line discipline does with keys and lines."""
        return termios.tcgetattr(self._fd)

    def press(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def resize(self, width: int, height: int) -> None:
        """The kernel tells the program by SIGWINCH."""
        self.screen.resize(width, height)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait_for(self, pattern: str) -> str:
        """Wait until the screen shows this; returns it, all lines in one text."""
        until = time.monotonic() + WATCHDOG_S
        while not re.search(pattern, text := "\n".join(self.screen.lines)):
            assert time.monotonic() < until, f"never saw {pattern!r}:\n{text}"
            assert self._read(0.1), f"it ended before {pattern!r}:\n{text}"
        return text

    def wait_end(self) -> int:
        """Wait until it ends; returns its exit code, negative for a signal."""
        until = time.monotonic() + WATCHDOG_S
        while self._read(0.1):
            assert time.monotonic() < until, "\n".join(self.screen.lines)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        """Take what it has written; False once it has ended."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        while data and not _is_whole(data):
            data += os.read(self._fd, 65536)
        self.screen.feed(data.decode())
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


def _is_whole(data: bytes) -> bool:
    """Whether neither a character nor a sequence is cut off at the end."""
    if re.search(rb"\x1b(?:\[[?\d;]*)?\Z", data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
