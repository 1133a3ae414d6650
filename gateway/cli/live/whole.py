"""View, state and size → a screen. Pure.

Narrow terminals have shards, latencies and the rows of a page below each other; wide ones have
everything else beside the instruments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.cli.live import panels
from gateway.cli.live.guide import guide
from gateway.cli.live.header import header
from gateway.cli.live.listing import listing
from gateway.cli.live.rungs import rungs
from gateway.cli.live.state import PAGES, State
from gateway.cli.live.styles import BOLD, DIM
from gateway.cli.live.text import Line, beside, columns_of, cut, ends, filled
from gateway.watch.changes import Row, View
from gateway_client import Book

WIDE: Final = 150
_LISTING_WIDTH: Final = 118  # of all its columns
_SIDE_LEAST: Final = 62
_SIDE_MOST: Final = 90
_APART: Final = 3
_LOW: Final = 16  # lines; below, latencies are left out, and then shards
_LOWER: Final = 11
_KEYS: Final = (
    "s sort  r reverse  / filter  ↑ ↓ Enter book  Tab page  ? help  q end",
    "s sort  / filter  Enter book  ? help  q end", "? help  q end", "q end",
)  # fmt: skip
"""The longest that fits is shown."""


class Screen(NamedTuple):
    """Lines; of the list among them how many lines there are, and have room at a time."""

    lines: list[Line]
    total: int
    room: int


def whole(
    view: View, state: State, rows: Sequence[Row], book: Book | None, width: int, height: int
) -> Screen:
    """Return ``height`` lines of ``width`` columns.

    ``rows`` are all instruments that match, in order; ``book`` is that of ``state.ladder``.
    """
    if state.is_help:
        lines = _filled(guide(width), [(" any key goes back", "")], width, height)
        return Screen(lines, 1, 1)
    if state.ladder:
        row = next((each for each in view.rows if each.of.symbol == state.ladder), None)
        page = rungs(state.ladder, row, book, width, height - 1)
        keys = "↑ ↓ next book  Esc back  ? help  q end"
        foot = ends([(f" {_paused(state)}{state.ladder}", "")], [(f"{keys} ", "")], width)
        return Screen(_filled(page, foot, width, height), 1, 1)
    head = _head(view, state, width, height)
    room = max(1, height - len(head) - 2)
    count = len(rows)
    if state.page != PAGES[0]:
        listed = _listed(view, state.page, width)
        count = len(listed) - 1
        lines, foot = _other(listed, state, width, room)
    elif width >= WIDE and not state.is_bare:
        lines, foot = _wide(view, state, rows, width, room)
    else:
        lines, foot = _rows(state, rows, width, room)
    return Screen(_filled([*head, *lines], foot, width, height), count, room)


def _head(view: View, state: State, width: int, height: int) -> list[Line]:
    head = header(view, width)
    if state.is_bare or (width >= WIDE and state.page == PAGES[0]):
        return [*head, []]
    if height >= _LOW:
        head += panels.stages(view, width)
    if height >= _LOWER:
        head += _limited(panels.shards(view, width), max(2, height // 6), "shards")
    return [*head, []] if height > 2 * len(head) else head


def _wide(
    view: View, state: State, rows: Sequence[Row], width: int, room: int
) -> tuple[list[Line], Line]:
    side = min(_SIDE_MOST, max(_SIDE_LEAST, width - _LISTING_WIDTH - _APART))
    left_width = width - side - _APART
    left, _ = _rows(state, rows, left_width, room)
    lines = beside(left, _side(view, side, room + 1), left_width, _APART)
    return lines, _foot(state, len(left) - 1, len(rows), PAGES[0], width)


def _side(view: View, width: int, height: int) -> list[Line]:
    """Everything but the instruments, one below the other; long lists share what room is left."""
    lists = [
        (panels.links(view, width), "connections: 2"),
        (panels.gaps(view.reading.gaps, view.reading.time_ns, width), "gaps: 3"),
        (panels.streams(view, width), "streams: 4"),
    ]
    lists = [(lines, more) for lines, more in lists if len(lines) > 1]
    found = [*panels.stages(view, width), []]
    found += [*_limited(panels.shards(view, width), height // 4, "shards"), []]
    for left, (lines, more) in zip(range(len(lists), 0, -1), lists, strict=True):
        share = (height - len(found)) // left - 1
        found += [*_limited(lines, max(1, share - 1), more), []]
    return found[:height]


def _rows(state: State, rows: Sequence[Row], width: int, room: int) -> tuple[list[Line], Line]:
    shown = rows[state.first : state.first + room]
    lines = listing(shown, width, state.order, state.reverse, state.chosen)
    if not rows:
        lines.append([(" nothing matches; Esc drops the filter", DIM)])
    return lines, _foot(state, len(shown), len(rows), "instruments", width)


def _listed(view: View, page: str, width: int) -> list[Line]:
    if page == "connections":
        return panels.links(view, width)
    if page == "gaps":
        return panels.gaps(view.reading.gaps, view.reading.time_ns, width)
    return panels.streams(view, width)


def _other(listed: list[Line], state: State, width: int, room: int) -> tuple[list[Line], Line]:
    title, *lines = listed
    shown = lines[state.first : state.first + room]
    if not lines:
        shown = [[(f"no {_NONE[state.page]}", DIM)]]
    return [title, *shown], _foot(state, len(shown), len(lines), state.page, width)


_NONE: Final = {
    "connections": "connection", "gaps": "gap since the start",
    "streams": "stream that does not deliver what it should",
}  # fmt: skip


def _foot(state: State, shown: int, count: int, noun: str, width: int) -> Line:
    """What is shown of how much, and the keys; or the filter that is typed."""
    if state.typed is not None:
        help = "  Enter keeps it, Esc drops it"
        return [(" filter: ", BOLD), (f"{state.typed}█", BOLD), (help, "")]
    said = f" {_paused(state)}{noun} {state.first + 1}-{state.first + shown} of {count:,}"
    if not count:
        said = f" {_paused(state)}no {noun}"
    if noun == PAGES[0]:
        said += f" by {state.order}{' reversed' * state.reverse}"
        said += f" with '{state.text}'" if state.text else ""
    for keys in _KEYS:
        if columns_of(said) + columns_of(keys) + 3 <= width:
            return ends([(said, "")], [(f"{keys} ", "")], width)
    return cut([(said, "")], width)


def _paused(state: State) -> str:
    return "PAUSED  " if state.is_paused else ""


def _limited(lines: list[Line], most: int, what: str) -> list[Line]:
    """Title and at most ``most`` lines below it, the last saying how many more there are."""
    if len(lines) - 1 <= most:
        return lines
    shown = lines[: max(1, most)]
    return [*shown, [(f"and {len(lines) - len(shown):,} more {what}", DIM)]]


def _filled(lines: Sequence[Line], foot: Line, width: int, height: int) -> list[Line]:
    body: list[Line] = [*lines[: height - 1], *([[]] * (height - 1 - len(lines)))]
    return [*(cut(line, width) for line in body), _bar(foot, width)]


def _bar(foot: Line, width: int) -> Line:
    return [(text, f"{style} reverse".strip()) for text, style in filled(foot, width)]
