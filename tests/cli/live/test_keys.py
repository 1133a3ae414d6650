"""Bytes from a terminal as names of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.live.keys import is_whole, parse


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"s", ["s"]), (b"sS/", ["s", "S", "/"]), (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOA", ["up"]), (b"\x1b[5~\x1b[6~", ["pageup", "pagedown"]), (b"\x1b[H", ["home"]),
        (b"\x1b[1~\x1b[4~", ["home", "end"]), (b"\r", ["enter"]), (b"\n", ["enter"]),
        (b"\x7f", ["backspace"]), (b"\x1b", ["escape"]), (b"\x1b\x1b", ["escape", "escape"]),
        (b" ", ["space"]), (b"\t\x1b[Z", ["tab", "backtab"]), (b"\x1b[15~q", ["q"]),
        (b"\x1b[1;5A", []), (b"\x01", []), ("币".encode(), ["币"]), (b"\xff", []),
        (b"\x1b[?1;2c", []),
    ],
)  # fmt: skip
def test_keys_have_names(data: bytes, keys: list[str]) -> None:
    assert parse(data) == keys


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"s", True), (b"\x1b", False), (b"\x1b[", False), (b"\x1b[1;", False), (b"\x1b[A", True),
        (b"\x1bO", False), ("币".encode()[:2], False), ("币".encode(), True), (b"\xffx", True),
    ],
)  # fmt: skip
def test_sequence_that_goes_on_is_waited_for(data: bytes, whole: bool) -> None:
    assert is_whole(data) is whole


@given(st.binary(max_size=40))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert all(parse(data))
    is_whole(data)
