"""Show views until it is time to stop: a table refreshed in place, or blocks of plain lines."""

from __future__ import annotations

import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Self

import click
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.plain import COLUMNS, cells, header, lines
from gateway.cli.view import ORDERS, View, Viewer
from gateway_client import Status

REFRESH_SECONDS = 0.5
BLOCK_SECONDS = 2.0
_STYLES = {Status.LIVE: "green", Status.SYNCING: "yellow", Status.EMPTY: "dim"}
_WIDE = 105  # columns; in fewer the quantities are left out
_LINES_AROUND = 8  # of the screen: header, titles, rules, hint


def show(viewer: Viewer, seconds: float | None = None, limit: int | None = None) -> None:
    """Show views for ``seconds`` (None: until q or Ctrl-C; without a terminal until Ctrl-C).

    Of ``limit`` instruments at most; on a terminal of no more than fit.
    """
    viewer.look(limit=0)
    try:
        if sys.stdout.isatty():
            _table(viewer, seconds, limit)
        else:
            _blocks(viewer, seconds, limit)
    except KeyboardInterrupt:
        pass  # the way to end it


def show_once(viewer: Viewer, limit: int | None = None) -> None:
    """Print one view of ``limit`` instruments (None: all), with the rates of a second."""
    viewer.look(limit=0)
    time.sleep(1.0)
    click.echo("\n".join(lines(viewer.look(limit))))


def _blocks(viewer: Viewer, seconds: float | None, limit: int | None) -> None:
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(BLOCK_SECONDS, left))
        click.echo("\n".join(lines(viewer.look(limit))) + "\n")


def _table(viewer: Viewer, seconds: float | None, limit: int | None) -> None:
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    console = Console()
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while time.monotonic() < until:
            room = max(1, console.height - _LINES_AROUND)
            view = viewer.look(min(room, limit or room))
            live.update(_render(view, console.width, viewer.order), refresh=True)
            key = keys.pressed(REFRESH_SECONDS)
            if key == "q":
                return
            if key == "s":
                viewer.order = next_order(viewer.order)


def next_order(order: str) -> str:
    """Return the order that comes after this one."""
    orders = list(ORDERS)
    return orders[(orders.index(order) + 1) % len(orders)]


def _render(view: View, width: int, order: str) -> Group:
    shown = [n for n, (title, _) in enumerate(COLUMNS) if width >= _WIDE or "qty" not in title]
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for title, side in (COLUMNS[n] for n in shown):
        table.add_column(title, justify="left" if side == "<" else "right", no_wrap=True)
    for row in view.symbols:
        texts: list[str | Text] = list(cells(row))
        texts[1] = Text(row.state.name, _STYLES.get(row.state, "bold red"))
        table.add_row(*(texts[n] for n in shown))
    hidden = view.symbol_count - len(view.symbols)
    more = f"{hidden:,} more instruments are not shown; " if hidden > 0 else ""
    lines = [Text(line, overflow="ellipsis", no_wrap=True) for line in header(view)]
    hint = f"{more}by {order}, s sorts by something else; q or Ctrl-C ends"
    return Group(*lines, table, Text(hint, "dim", overflow="ellipsis", no_wrap=True))


class Keys:
    """Single keys from the terminal, without Enter; none where stdin is no terminal."""

    def __init__(self) -> None:
        self._saved: list[int | list[bytes | int]] | None = None

    def __enter__(self) -> Self:
        if sys.stdin.isatty():
            self._saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._saved is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    def pressed(self, seconds: float) -> str:
        """Wait for a key for ``seconds`` and return it; empty if none came."""
        if self._saved is None:
            time.sleep(seconds)
            return ""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        return sys.stdin.read(1) if readable else ""
