"""Lines of an exact width, and tables that fit."""

from __future__ import annotations

import pytest

from gateway.cli.live.text import (
    Column,
    Line,
    beside,
    columns_of,
    cut,
    ends,
    filled,
    fit,
    flow,
    plain,
    table,
    width_of,
)

LINE: Line = [("abc", ""), ("def", "bold"), ("ghi", "red")]


@pytest.mark.parametrize(
    ("text", "width", "side", "wanted"),
    [
        ("ab", 4, "<", "ab  "), ("ab", 4, ">", "  ab"), ("abcd", 4, "<", "abcd"),
        ("abcde", 4, "<", "abc…"), ("abc", 1, "<", "…"), ("abc", 0, "<", ""),
        ("币安人生", 8, "<", "币安人生"), ("币安人生", 9, ">", " 币安人生"),
        ("币安人生", 6, "<", "币安 …"),
    ],
)  # fmt: skip
def test_text_gets_the_width_it_is_shown_in(text: str, width: int, side: str, wanted: str) -> None:
    assert fit(text, width, side) == wanted
    assert columns_of(wanted) == width


@pytest.mark.parametrize("width", range(12))
def test_line_is_cut_to_any_width(width: int) -> None:
    found = cut(LINE, width)
    assert width_of(found) == min(width, 9)
    assert (
        plain(found)
        == ("abcdefghi" if width >= 9 else "abcdefghi"[: width - 1] + "…")[: max(width, 0)]
    )
    assert width_of(filled(LINE, width)) == width


@pytest.mark.parametrize(("width", "wanted"), [(8, "abc  xyz"), (5, "a…xyz"), (7, "abc xyz")])
def test_right_end_stays_when_there_is_no_room(width: int, wanted: str) -> None:
    assert width_of(ends([("abc", "")], [("xyz", "")], width)) == width
    if width > 5:
        assert plain(ends([("abc", "")], [("xyz", "")], width)) == wanted


def test_parts_are_not_broken() -> None:
    lines = flow([[("aaaa", "")], [("bbb", "")], [("cccccc", "")]], 10)
    assert [plain(line) for line in lines] == ["aaaa   bbb", "cccccc"]


def test_blocks_beside_each_other_may_differ_in_length() -> None:
    lines = beside([[("a", "")]], [[("b", "")], [("c", "")]], 3, 1)
    assert [plain(line) for line in lines] == ["a   b", "    c"]


COLUMNS = (
    Column("name", "<"),
    Column("price", least=7),
    Column("size", rank=2),
    Column("x", rank=1),
)
ROWS = [[("spot:AAA", ""), ("1.50", "red"), ("12345", ""), ("y", "")]]


@pytest.mark.parametrize(
    ("width", "title"),
    [
        (None, "name        price   size  x"), (27, "name        price   size  x"),
        (26, "name        price  x"), (19, "name        price"), (13, "name    price"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_left_out_by_rank(width: int | None, title: str) -> None:
    lines = table(COLUMNS, ROWS, width)
    assert plain(lines[0]) == title
    assert width is None or all(width_of(line) <= width for line in lines)
    assert ("   1.50", "red") in lines[1]


def test_names_are_cut_last_and_numbers_never() -> None:
    assert [plain(line) for line in table(COLUMNS, ROWS, 13)] == ["name    price", "spo…     1.50"]


def test_table_without_rows_has_its_titles() -> None:
    assert [plain(line) for line in table(COLUMNS, [], 40)] == ["name    price  size  x"]
