"""A terminal taken over and given back: keys, size, signals, and lines to be seen.

Signals come through a pipe, so that none of them ends anything half-way: SIGTERM, SIGQUIT and
Ctrl-C end the waiting, a new size redraws, Ctrl-Z gives the terminal back until SIGCONT. However it
ends, the terminal is as it was before.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType, Segment, Segments
from rich.style import Style

from gateway.cli.live import keys
from gateway.cli.live.text import Line, width_of

SEQUENCE_SECONDS: Final = 0.03  # the rest of a key's bytes comes at once, or was meant as Escape
REDRAW: Final = ""
_ENDS: Final = (signal.SIGTERM, signal.SIGQUIT)
_SIGNALS: Final = (*_ENDS, signal.SIGINT, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)
_ERASE_REST: Final = Segment("\x1b[K", None, [(ControlType.ERASE_IN_LINE, 0)])


def can_be_taken() -> bool:
    """Whether stdout is a terminal on which lines can be placed."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


class Terminal:
    """Of stdin and stdout, in the main thread; ``with`` takes it over."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._stack = ExitStack()
        self._drawn: list[Line] = []
        self._styles: dict[str, Style] = {"": Style.null()}
        self._has_keys = sys.stdin.isatty()
        self._before: list[Any] = []
        self._woken = -1

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._has_keys:
                self._before = termios.tcgetattr(sys.stdin)
            self._catch_signals(stack)
            stack.callback(self._leave)
            self._enter()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        return self.console.size

    def draw(self, lines: Sequence[Line]) -> None:
        """Show these lines, from the first of the screen; what has not changed is not sent."""
        width = self.console.width
        segments: list[Segment] = []
        for at, line in enumerate(lines):
            if at < len(self._drawn) and self._drawn[at] == line:
                continue
            segments.append(Control.move_to(0, at).segment)
            segments += [Segment(text, self._style(style)) for text, style in line]
            if width_of(line) < width:
                segments.append(_ERASE_REST)
        self._drawn = list(lines)
        if segments:
            self.console.print(Segments(segments), end="", crop=False, soft_wrap=True)

    def wait(self, seconds: float) -> list[str]:
        """Return the keys pressed within ``seconds``; REDRAW where the terminal has changed.

        Raises KeyboardInterrupt for Ctrl-C or a terminal that is gone, SystemExit for SIGTERM.
        """
        sources = [self._woken, sys.stdin.fileno()] if self._has_keys else [self._woken]
        ready, _, _ = select.select(sources, [], [], max(0.0, seconds))
        found = self._signalled() if self._woken in ready else []
        if self._has_keys and sys.stdin.fileno() in ready:
            found += keys.parse(self._read())
        return found

    def _read(self) -> bytes:
        stdin = sys.stdin.fileno()
        data = self._some(stdin)
        while not keys.is_whole(data) and select.select([stdin], [], [], SEQUENCE_SECONDS)[0]:
            data += self._some(stdin)
        return data

    def _some(self, stdin: int) -> bytes:
        try:
            data = os.read(stdin, 1024)
        except OSError:
            data = b""
        if not data:
            raise KeyboardInterrupt  # the terminal was closed: nobody is there to look
        return data

    def _signalled(self) -> list[str]:
        for number in os.read(self._woken, 1024):
            if number in _ENDS:
                raise SystemExit(128 + number)
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            if number == signal.SIGTSTP:
                self._leave()
                os.kill(os.getpid(), signal.SIGSTOP)
            if number == signal.SIGCONT:
                self._enter()
        self._drawn = []
        return [REDRAW]

    def _catch_signals(self, stack: ExitStack) -> None:
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, self._woken)
        stack.callback(os.close, wake)
        old_wake = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, old_wake)
        for number in _SIGNALS:
            stack.callback(signal.signal, number, signal.signal(number, _nothing))

    def _enter(self) -> None:
        if self._has_keys:
            tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # what was typed already counts
        self.console.set_alt_screen(True)
        self.console.show_cursor(False)
        self._drawn = []

    def _leave(self) -> None:
        self.console.show_cursor(True)
        self.console.set_alt_screen(False)
        if self._has_keys:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = Style.parse(name)
        return self._styles[name]


def _nothing(_number: int, _frame: Any) -> None:
    """A handler must be there for its signal to come through the pipe."""
