"""What keys change in what is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.live.state import PAGES, State, press, settled
from gateway.watch.rows import ORDERS

SYMBOLS = [f"spot:S{n:02}" for n in range(30)]
ROOM = 10


def after(*keys: str, state: State | None = None, symbols: Sequence[str] = SYMBOLS) -> State:
    """The state after these keys, each followed by a screen."""
    found = state or State()
    for key in keys:
        found = settled(press(found, key, symbols, ROOM), len(symbols), symbols, ROOM)
    return found


def test_sorting_goes_round_both_ways() -> None:
    seen = [after(*"s" * n).order for n in range(len(ORDERS) + 1)]
    assert sorted(set(seen)) == sorted(ORDERS)
    assert (seen[0], seen[-1]) == ("symbol", "symbol")
    assert after("s", "S").order == "symbol"
    assert after(">", "<").order == "symbol"


def test_reverse_ends_with_another_order() -> None:
    assert after("r").reverse
    assert not after("r", "r").reverse
    assert not after("r", "s").reverse


def test_cursor_comes_up_where_one_looks_and_stays_in_sight() -> None:
    assert after("down").chosen == SYMBOLS[0]
    found = after(*["down"] * 15)
    assert (found.chosen, found.first) == (SYMBOLS[14], 5)
    assert after(*["up"] * 12, state=found).first == 2
    assert (after("end").chosen, after("end").first) == (SYMBOLS[29], 20)
    assert after("end", "home").chosen == SYMBOLS[0]
    assert after("down", "pagedown").chosen == SYMBOLS[10]
    assert after("up").chosen == SYMBOLS[0]


def test_cursor_stays_with_its_instrument_when_the_order_changes() -> None:
    found = after("down", "down")
    turned = settled(found, 30, SYMBOLS[::-1], ROOM)
    assert (turned.chosen, turned.first) == (SYMBOLS[1], 19)


def test_cursor_on_an_instrument_that_is_gone_begins_anew() -> None:
    assert after("down", state=State(chosen="spot:GONE")).chosen == SYMBOLS[0]


def test_no_instruments_at_all() -> None:
    for key in ("down", "up", "enter", "end", "pagedown", "s", "r", "tab"):
        found = after(key, symbols=[])
        assert (found.chosen, found.ladder, found.first) == ("", "", 0)


def test_filter_acts_while_it_is_typed_and_is_kept_by_enter() -> None:
    typing = after("/", "b", "q", "backspace", "space", "u")
    assert (typing.filter, typing.text, typing.is_over) == ("b u", "", False)
    assert after("enter", state=typing).text == "b u"
    assert after("escape", state=typing).filter == ""
    assert after("enter", "/", state=typing).typed == "b u"
    assert after("enter", "escape", state=typing).text == ""
    assert after("clear", state=typing).typed == ""


def test_filter_has_an_end() -> None:
    assert len(after("/", *["x"] * 500).filter) == 60


def test_book_of_the_instrument_under_the_cursor() -> None:
    found = after("down", "down", "enter")
    assert found.ladder == SYMBOLS[1]
    assert after("down", state=found).ladder == SYMBOLS[2]
    assert after("left", state=found).ladder == SYMBOLS[0]
    back = after("right", "escape", state=found)
    assert (back.ladder, back.chosen) == ("", SYMBOLS[2])
    assert after("enter").ladder == SYMBOLS[0]


def test_book_stays_when_the_filter_no_longer_lists_it() -> None:
    assert after("down", state=State(ladder="spot:GONE")).ladder == "spot:GONE"


def test_pages() -> None:
    assert [after(*["tab"] * n).page for n in range(5)] == [*PAGES, PAGES[0]]
    assert after("backtab").page == PAGES[-1]
    assert after("3").page == "gaps"
    assert after("2", "down", "down").first == 2
    assert after("2", "end").first == 20
    assert after("2", "enter").ladder == ""


def test_help_is_left_by_any_key_and_q_ends() -> None:
    assert after("?").is_help
    assert after("?", "s") == State()
    assert after("?", "q").is_over
    assert after("q").is_over


def test_pace_has_ends() -> None:
    assert after("+").interval == 0.5
    assert after(*"+" * 20).interval == 0.1
    assert after(*"-" * 20).interval == 10.0


def test_pause_and_bare() -> None:
    assert after("p").is_paused
    assert not after("p", "p").is_paused
    assert after("d").is_bare


KEYS = ["up", "down", "pageup", "pagedown", "home", "end", "enter", "escape", "tab", "/", "a", "s",
        "r", "1", "2", "3", "backspace", "?", "p", "d", "left", "right", "space", "x"]  # fmt: skip


@given(st.lists(st.sampled_from(KEYS), max_size=40), st.integers(0, 30), st.integers(1, 40))
def test_whatever_is_pressed_the_first_line_is_one_there_is(
    keys: list[str], count: int, room: int
) -> None:
    state, symbols = State(), SYMBOLS[:count]
    for key in keys:
        state = settled(press(state, key, symbols, room), count, symbols, room)
        assert 0 <= state.first <= max(0, count - 1)
        if state.page == PAGES[0] and state.chosen in symbols:
            assert state.first <= symbols.index(state.chosen) < state.first + room


@pytest.mark.parametrize("key", ["\x00", "delete", "F", "é"])
def test_keys_that_mean_nothing_change_nothing(key: str) -> None:
    assert after(key) == State()
