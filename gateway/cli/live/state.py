"""What the person looks at, and what a key changes in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.watch.rows import ORDERS

PAGES: Final = ("instruments", "connections", "gaps", "streams")
INTERVALS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
FILTER_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class State:
    """``typed`` is a filter while it is typed, else None; ``first`` the first line shown of many.

    ``chosen`` is the instrument under the cursor; the cursor stays with it when the order changes.
    """

    page: str = PAGES[0]
    order: str = "symbol"
    reverse: bool = False
    text: str = ""
    typed: str | None = None
    chosen: str = ""
    first: int = 0
    ladder: str = ""
    is_help: bool = False
    is_paused: bool = False
    is_bare: bool = False
    """Without shards and latencies."""
    interval: float = 1.0
    is_over: bool = False

    @property
    def filter(self) -> str:
        """What rows must match now."""
        return self.text if self.typed is None else self.typed


def press(state: State, key: str, symbols: Sequence[str], room: int) -> State:
    """Return the state after a key; ``symbols`` are all rows in order, ``room`` is for them."""
    if state.typed is not None:
        return _type(state, key)
    if key == "q":
        return replace(state, is_over=True)
    if state.is_help:
        return replace(state, is_help=False)
    if key in _KEYS:
        return _KEYS[key](state)
    if state.ladder:
        return _in_ladder(state, key, symbols)
    if key in _MOVES:
        return _move(state, key, symbols, room)
    if key == "enter" and state.page == PAGES[0] and symbols:
        chosen = state.chosen if state.chosen in symbols else symbols[_first(state, symbols, room)]
        return replace(state, ladder=chosen, chosen=chosen)
    return state


def settled(state: State, count: int, symbols: Sequence[str], room: int) -> State:
    """Return the state with its first line where there is one, and the cursor to be seen."""
    first = min(state.first, max(0, count - room))
    if state.page == PAGES[0] and state.chosen in symbols:
        at = symbols.index(state.chosen)
        first = min(max(first, at - room + 1), at)
    return replace(state, first=max(0, first))


def _type(state: State, key: str) -> State:
    typed = state.typed or ""
    if key in ("enter", "down", "up", "tab"):
        return replace(state, typed=None, text=typed, first=0)
    if key == "escape":
        return replace(state, typed=None)
    if key == "clear":
        return replace(state, typed="", first=0)
    if key == "backspace":
        return replace(state, typed=typed[:-1], first=0)
    more = " " if key == "space" else key
    if len(more) > 1 or len(typed) >= FILTER_CHARACTERS:
        return state
    return replace(state, typed=typed + more, first=0)


def _sort(state: State, steps: int) -> State:
    orders = list(ORDERS)
    order = orders[(orders.index(state.order) + steps) % len(orders)]
    return replace(state, order=order, reverse=False, first=0)


def _turn(state: State, steps: int) -> State:
    page = PAGES[(PAGES.index(state.page) + steps) % len(PAGES)]
    return replace(state, page=page, first=0, ladder="")


def _pace(state: State, steps: int) -> State:
    nearest = min(range(len(INTERVALS)), key=lambda n: abs(INTERVALS[n] - state.interval))
    at = min(max(0, nearest + steps), len(INTERVALS) - 1)
    return replace(state, interval=INTERVALS[at])


def _back(state: State) -> State:
    """Leave what was entered last."""
    if state.ladder:
        return replace(state, ladder="")
    if state.chosen:
        return replace(state, chosen="", first=0)
    return replace(state, text="", first=0)


def _to(page: str) -> Callable[[State], State]:
    return lambda state: replace(state, page=page, first=0, ladder="")


_KEYS: Final[Mapping[str, Callable[[State], State]]] = {
    "?": lambda state: replace(state, is_help=True),
    "h": lambda state: replace(state, is_help=True),
    "/": lambda state: replace(state, typed=state.text, page=PAGES[0], ladder="", first=0),
    "s": lambda state: _sort(state, 1),
    "S": lambda state: _sort(state, -1),
    ">": lambda state: _sort(state, 1),
    "<": lambda state: _sort(state, -1),
    "r": lambda state: replace(state, reverse=not state.reverse, first=0),
    "p": lambda state: replace(state, is_paused=not state.is_paused),
    "d": lambda state: replace(state, is_bare=not state.is_bare),
    "+": lambda state: _pace(state, -1),
    "-": lambda state: _pace(state, 1),
    "tab": lambda state: _turn(state, 1),
    "backtab": lambda state: _turn(state, -1),
    "escape": _back,
    "backspace": _back,
} | {str(n): _to(page) for n, page in enumerate(PAGES, 1)}

_MOVES: Final[Mapping[str, Callable[[int], int]]] = {
    "up": lambda room: -1, "k": lambda room: -1, "down": lambda room: 1, "j": lambda room: 1,
    "pageup": lambda room: -room, "pagedown": lambda room: room, "space": lambda room: room,
    "home": lambda room: -(10**9), "g": lambda room: -(10**9),
    "end": lambda room: 10**9, "G": lambda room: 10**9,
}  # fmt: skip
"""Lines to go; a page is a room full."""


def _first(state: State, symbols: Sequence[str], room: int) -> int:
    return min(state.first, max(0, len(symbols) - room))


def _move(state: State, key: str, symbols: Sequence[str], room: int) -> State:
    step = _MOVES[key](max(1, room))
    if state.page != PAGES[0]:
        return replace(state, first=max(0, state.first + step))
    if not symbols:
        return state
    if state.chosen not in symbols:
        # The cursor was nowhere: it comes up at the first row that is seen.
        start = _first(state, symbols, room)
        at = start if step == 1 else start + step
    else:
        at = symbols.index(state.chosen) + step
    return replace(state, chosen=symbols[min(max(0, at), len(symbols) - 1)])


def _in_ladder(state: State, key: str, symbols: Sequence[str]) -> State:
    """Arrows go to the next instrument, in the order of the rows."""
    step = {"right": 1, "down": 1, "n": 1, "j": 1, "left": -1, "up": -1, "k": -1}.get(key)
    if step is None or state.ladder not in symbols:
        return state
    at = min(max(0, symbols.index(state.ladder) + step), len(symbols) - 1)
    return replace(state, ladder=symbols[at], chosen=symbols[at])
