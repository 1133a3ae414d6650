"""Rows of arrays and of merged streams: whose each is, and where it ends."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import probe
from gateway.errors import DecodeError
from gateway.layout import Kind
from tests.core.samples import frames
from tests.json_noise import Literal, Members, text_of, unknown
from tests.model.faults import Refused
from tests.model.rows import scan_row
from tests.strategies import examples, mutate, payloads, seeds

ROW_KINDS = (
    Kind.QUOTE, Kind.MINI_TICKER, Kind.TICKER, Kind.WINDOW_TICKER, Kind.MARK_PRICE,
    Kind.LIQUIDATION, Kind.CONTRACT_INFO, Kind.ASSET_INDEX,
)  # fmt: skip
BEHIND = (b"", b"]", b"]}", b',{"s":"ETHUSDT"}]}', b" ]", b'"')
ROWS = [event for frame in frames("documented_*.jsonl") for event in frame.events]


def scanned(data: bytes) -> tuple[str, int, int]:
    symbol, symbol_type, length = probe.scan_row(data)
    return symbol.decode(), symbol_type, length


def refused_as(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        probe.scan_row(data)
    return str(caught.value.code)


def assert_same(data: bytes) -> None:
    """Both tell the same, or both refuse; lengths are told in bytes."""
    try:
        symbol, symbol_type, length = scan_row(data.decode())
    except Refused:
        assert refused_as(data)
        return
    assert scanned(data) == (symbol, symbol_type, len(data.decode()[:length].encode()))


@st.composite
def rows(draw: Any) -> bytes:
    """Objects with s and st at either level or nowhere, among members of any kind."""
    noise = random.Random(draw(seeds))
    told: list[tuple[str, Any]] = [("s", noise.choice(("BTCUSDT", "测试USDT", "", 'quo"te')))]
    told += [("st", Literal(noise.choice(("1", "2", "0", "255"))))]
    inner = [pair for pair in told if noise.random() < 0.5]
    outer = [pair for pair in told if noise.random() < 0.6]
    inner += [(noise.choice("abXo"), unknown(noise)) for _ in range(noise.randrange(3))]
    outer += [(noise.choice("eEpabC"), unknown(noise)) for _ in range(noise.randrange(5))]
    if noise.random() < 0.5:
        outer.append(("o", Members(tuple(inner)) if noise.random() < 0.8 else "91234.50"))
    noise.shuffle(outer)
    text = text_of(Members(tuple(outer)), noise)
    return text.encode() + noise.choice(BEHIND)


@examples(2000)
@given(rows())
def test_any_row_tells_what_the_oracle_reads(data: bytes) -> None:
    assert_same(data)


@examples(1000)
@given(payloads(ROW_KINDS), st.sampled_from(BEHIND))
def test_payloads_of_the_kinds_that_come_in_arrays_tell_their_symbol(
    payload: Any, behind: bytes
) -> None:
    assert_same(payload.data + behind)
    try:
        symbol, _, length = scanned(payload.data + behind)
    except DecodeError as error:
        assert error.code in ("TYPE", "RANGE")  # an st of the unknown kind
    else:
        assert (symbol, length) == (payload.symbol, len(payload.data))


@examples(2000)
@given(rows(), seeds)
def test_mutated_rows_are_judged_as_by_the_oracle(data: bytes, seed: int) -> None:
    noise, changed = random.Random(seed), bytearray(data)
    for _ in range(noise.randrange(1, 4)):
        mutate(changed, noise)
    if probe.utf8_valid(bytes(changed)):
        assert_same(bytes(changed))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[:24])
def test_a_row_cut_anywhere_is_truncated(row: str) -> None:
    data = row.encode()
    for end in range(len(data)):
        assert refused_as(data[:end]) == "TRUNCATED", data[:end]


@pytest.mark.parametrize(
    ("row", "behind", "symbol", "symbol_type"),
    [
        (b'{"s":"BTCUSDT"}', b"", "BTCUSDT", 0),
        (b'{"st":2,"x":"}{][\\"}","s":"A"}', b',{"s":"B"}]', "A", 2),
        (b'{"x":"\\\\","s":"A","y":[{"s":"B","st":9}]}', b"]", "A", 0),
        (b'{"e":"forceOrder","o":{"ps":"BTCUSD","s":"A","st":2}}', b"}", "A", 2),
        (b'{"o":{"s":"A"},"s":"B"}', b"", "B", 0),  # its own symbol goes before an inner one
        (b'{"o":{"o":{"s":"A"}},"s":"B"}', b"", "B", 0),
        (b'{"o":"91.5","s":"A"}', b"", "A", 0),  # a ticker's o is its open price
        (b'{"s":"A","s":"B","st":1,"st":2}', b"", "B", 2),
        (b'{"o":{"s":"A"},"o":{"s":"B"}}', b"", "B", 0),
        (b' {"\\u0073" : "\\u0041" }', b" ", "A", 0),
    ],
)
def test_rows_tell_what_one_reads_in_them(
    row: bytes, behind: bytes, symbol: str, symbol_type: int
) -> None:
    assert scanned(row + behind) == (symbol, symbol_type, len(row))
    assert_same(row + behind)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "MISSING"),
        (b'{"o":{"o":{"s":"A"}}}', "MISSING"),
        (b'{"o":{"s":"A"},"o":{}}', "MISSING"),
        (b'{"s":1}', "TYPE"),
        (b'{"s":null}', "TYPE"),
        (b'{"s":"A","st":"1"}', "TYPE"),
        (b'{"s":"A","st":-1}', "TYPE"),
        (b'{"s":"A","st":256}', "RANGE"),
        (b'["s","A"]', "TYPE"),
        (b'{"s":"A","x":01}', "SYNTAX"),
        (b'{"s":"A","x":[1}]}', "SYNTAX"),
        (b'{"s":"A","x":"a\nb"}', "SYNTAX"),
        (b'{"s":"A",}', "SYNTAX"),
        (b'{"s":"A","x":' + b"[" * 100 + b"]" * 100 + b"}", "NESTING"),
    ],
)
def test_what_is_no_row_is_refused_by_name(data: bytes, code: str) -> None:
    assert refused_as(data) == code
    assert_same(data)
