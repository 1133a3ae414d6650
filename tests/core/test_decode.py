"""Payloads of every kind and market: the core reads what the oracle reads, and refuses the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from gateway.core import probe
from gateway.errors import DecodeError
from gateway.layout import Kind, Market
from tests.core.against import assert_same, changed, core_fields
from tests.core.samples import samples
from tests.model.faults import CODES
from tests.strategies import Payload, examples, mutated, payloads

SAMPLES = samples("*.jsonl")
BY_KIND: dict[tuple[Market, Kind], Payload] = {}
for sample in samples("documented_*.jsonl"):
    BY_KIND.setdefault((sample.values[0].market, sample.values[0].kind), sample.values[0])


def name_of(payload: Payload) -> str:
    return f"{payload.market.name}-{payload.kind.name}"


def refused_as(payload: Payload) -> str:
    with pytest.raises(DecodeError) as caught:
        core_fields(payload)
    return str(caught.value.code)


@pytest.mark.parametrize("payload", SAMPLES)
def test_documented_and_recorded_payloads_are_read(payload: Payload) -> None:
    payload.oracle()  # it must be readable at all
    assert_same(payload)


@examples(2500)
@given(payloads())
def test_any_readable_payload_is_read_as_by_the_oracle(payload: Payload) -> None:
    payload.oracle()
    assert_same(payload)


@examples(2500)
@given(mutated())
def test_mutated_bytes_are_judged_as_by_the_oracle(payload: Payload) -> None:
    assert_same(payload)


@pytest.mark.parametrize("payload", SAMPLES)
def test_a_payload_cut_anywhere_is_truncated(payload: Payload) -> None:
    for end in range(len(payload.data)):
        cut = replace(payload, data=payload.data[:end])
        assert refused_as(cut) == "TRUNCATED", payload.data[:end]


@pytest.mark.parametrize("payload", BY_KIND.values(), ids=name_of)
def test_a_payload_with_any_byte_changed_is_judged_as_by_the_oracle(payload: Payload) -> None:
    for at in range(len(payload.data)):
        for byte in b'"}],\\x0-\xff':
            data = bytearray(payload.data)
            data[at] = byte
            assert_same(replace(payload, data=bytes(data)))


SPOT_TRADE = BY_KIND[Market.SPOT, Kind.TRADE]
SPOT_DIFF = BY_KIND[Market.SPOT, Kind.DIFF]
SPOT_QUOTE = BY_KIND[Market.SPOT, Kind.QUOTE]
SPOT_TICKER = BY_KIND[Market.SPOT, Kind.TICKER]
USDM_DIFF = BY_KIND[Market.USDM, Kind.DIFF]
USDM_QUOTE = BY_KIND[Market.USDM, Kind.QUOTE]


@pytest.mark.parametrize(
    ("payload", "old", "new", "code"),
    [
        (SPOT_TRADE, '"s":"BTCUSDT"', '"s":"ETHUSDT"', "MISMATCH"),
        (SPOT_TRADE, '"s":"BTCUSDT"', '"s":"btcusdt"', "MISMATCH"),
        (SPOT_TRADE, '"s":"BTCUSDT"', '"s":"BTCUSD"', "MISMATCH"),
        (SPOT_TRADE, '"s":"BTCUSDT"', '"s":"BTCUSDTX"', "MISMATCH"),
        (SPOT_TRADE, '"e":"trade"', '"e":"aggTrade"', "MISMATCH"),
        (USDM_QUOTE, '"e":"bookTicker"', '"e":"depthUpdate"', "MISMATCH"),
        (SPOT_TRADE, '"t":5400000001,', "", "MISSING"),
        (SPOT_TRADE, '"p":"91234.56000000",', "", "MISSING"),
        (SPOT_TRADE, '"s":"BTCUSDT",', "", "MISSING"),
        (SPOT_TRADE, '"E":1795345200123,', "", "MISSING"),
        (SPOT_TRADE, '"m":true,', "", "MISSING"),
        (SPOT_DIFF, '"U":70000000001,', "", "MISSING"),
        (USDM_DIFF, '"pu":9099999999994,', "", "MISSING"),
        (SPOT_DIFF, '"a":', '"aa":', "MISSING"),
        (SPOT_TRADE, '"91234.56000000"', '"91234.560000001"', "INEXACT"),
        (SPOT_TRADE, '"91234.56000000"', '"92233720368.54775807"', None),
        (SPOT_TRADE, '"91234.56000000"', '"92233720368.54775808"', "RANGE"),
        (SPOT_TRADE, '"91234.56000000"', '"1' + "0" * 40 + '"', "RANGE"),
        (SPOT_TRADE, "5400000001", "9223372036854775807", None),
        (SPOT_TRADE, "5400000001", "9223372036854775808", "RANGE"),
        (SPOT_TRADE, "5400000001", "1" + "0" * 40, "RANGE"),
        (SPOT_TRADE, "5400000001", '"5400000001"', "TYPE"),
        (SPOT_TRADE, "5400000001", "true", "TYPE"),
        (SPOT_TRADE, "5400000001", "[5400000001]", "TYPE"),
        (SPOT_TRADE, "5400000001", "5400000001.5", "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', "{}", "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', "null", "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', '""', "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', '"abc"', "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', '"1e5"', "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', "1e5", "TYPE"),
        (SPOT_TRADE, '"91234.56000000"', "91234.5600", None),
        (SPOT_TRADE, '"91234.56000000"', "-1.50", None),
        (SPOT_TRADE, '"91234.56000000"', '"\\u0031.5\\u0030"', None),
        (SPOT_TRADE, '"e":"trade"', '"e":"tr\\u0061de"', None),
        (SPOT_TRADE, '"m":true', '"m":1', "TYPE"),
        (SPOT_TICKER, '"F":5390000001', '"F":-1', None),  # no trade in the window
        (SPOT_QUOTE, '"B":"1.20000000"', '"B":"-1.20000000"', "RANGE"),
        (SPOT_TRADE, '"t":', '"\\u0074":', None),
        (SPOT_TRADE, '"t":', '"t\\u0000":', "MISSING"),
        (SPOT_TRADE, '"s":"BTCUSDT"', '"s":"\\u0042TCUSDT"', None),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', "[]", None),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', "{}", "TYPE"),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', '["1","2"]', None),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', '[["1"]]', None),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', '[["1","2",[]]]', None),
        (SPOT_DIFF, '[["91234.56000000","0.98000000"]]', '[[]]', None),
        (SPOT_TRADE, ',"M":true}', ',"M":truu}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":01}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":"\\x"}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":"a\nb"}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":true,}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":[1,]}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":[1}]}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":true}}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":true} {}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":NaN}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',M:true}', "SYNTAX"),
        (SPOT_TRADE, ',"M":true}', ',"M":"\u6d4b"}', None),
    ],
)  # fmt: skip
def test_each_fault_has_its_name(payload: Payload, old: str, new: str, code: str | None) -> None:
    broken = changed(payload, old, new)
    assert_same(broken)
    assert code is None or refused_as(broken) == code


def test_of_a_key_sent_twice_the_last_counts() -> None:
    for old, new in (
        ('"t":5400000001', '"t":1,"t":5400000001'),
        ('"m":true', '"m":false,"m":true'),
        ('"p":"91234.56000000"', '"p":"1.5","p":"91234.56000000"'),
    ):
        doubled = changed(SPOT_TRADE, old, new)
        assert core_fields(doubled) == core_fields(SPOT_TRADE)
    twice = changed(SPOT_DIFF, '"b":[', '"b":[["1.00","1.00"],["2.00","1.00"],["3.00","1"]],"b":[')
    assert core_fields(twice) == core_fields(SPOT_DIFF)
    emptied = changed(SPOT_DIFF, '"a":[["91234.56000000","0.98000000"]]', '"a":[["1","2"]],"a":[]')
    assert core_fields(emptied)["asks"] == []
    assert_same(emptied)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"x":', "}")])
def test_unknown_values_may_nest_to_the_limit_and_no_deeper(opening: str, closing: str) -> None:
    for depth, code in ((1, None), (63, None), (64, None), (65, "NESTING"), (100_000, "NESTING")):
        nested = opening * depth + "1" + closing * depth
        payload = changed(SPOT_TRADE, '"M":true', f'"M":{nested}')
        if code is None:
            assert core_fields(payload) == core_fields(SPOT_TRADE), depth
        else:
            assert refused_as(payload) == code, depth
        if depth < 1000:
            assert_same(payload)


@pytest.mark.parametrize("opening", ["[", '{"x":', '{"b":[[', "{"])
def test_a_flood_of_openings_is_refused_without_harm(opening: str) -> None:
    flood = (opening * (10_000_000 // len(opening))).encode()
    assert refused_as(Payload(Kind.TRADE, Market.SPOT, "A", -2, -2, flood)) in CODES


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"", {"TRUNCATED"}), (b" \n", {"TRUNCATED"}), (b"[]", {"TYPE", "SYNTAX"}),
        (b'"x"', {"TYPE", "SYNTAX"}), (b"null", {"TYPE", "SYNTAX"}), (b"12", {"TYPE", "SYNTAX"}),
        (b"}", {"SYNTAX"}), (b"\x00", {"SYNTAX"}), (b"{}", {"MISSING"}), (b"\xff", {"UTF8"}),
        (b"\xef\xbb\xbf{}", {"SYNTAX"}),
    ],
)  # fmt: skip
def test_what_is_no_object_is_refused(data: bytes, codes: set[str]) -> None:
    for kind in (Kind.TRADE, Kind.QUOTE, Kind.TICKER, Kind.DIFF, Kind.PARTIAL):
        assert refused_as(Payload(kind, Market.SPOT, "BTCUSDT", -2, -2, data)) in codes


def test_a_diff_of_ten_megabytes_is_read_whole() -> None:
    levels = ",".join(f'["{px}.25","0.{px:08d}"]' for px in range(1_000_000, 1_350_000))
    payload = changed(SPOT_DIFF, '[["91234.56000000","0.98000000"]]', f"[{levels}]")
    assert len(payload.data) > 9_000_000
    fields = core_fields(payload)
    assert len(fields["asks"]) == 350_000
    assert fields["asks"][-1] == (134_999_925_000_000, 1_349_999)
    assert fields["update_id"] == 70000000004


def test_ten_megabytes_of_unknown_text_are_skipped() -> None:
    text = '"M":"' + "a\\n\\u6d4b" * 1_000_000 + '"'
    payload = changed(SPOT_TRADE, '"M":true', text)
    assert core_fields(payload) == core_fields(SPOT_TRADE)


def test_times_above_1e14_are_microseconds() -> None:
    for written, nanoseconds in (
        ("1795345200122123", 1795345200122123000),
        ("1795345200122", 1795345200122000000),
        ("100000000000001", 100000000000001000),
    ):
        payload = changed(SPOT_TRADE, '"T":1795345200122', f'"T":{written}')
        assert core_fields(payload)["ts_trade"] == nanoseconds
        assert_same(payload)


@pytest.mark.parametrize("digits", range(1, 20))
def test_ids_of_any_length_are_read_wherever_they_stand(digits: int) -> None:
    written = "9223372036854775807"[:digits]
    for old, new in (
        ('"t":5400000001', f'"t":{written}'),
        ('"t":5400000001', f'"t" : {written} '),
    ):
        payload = changed(SPOT_TRADE, old, new)
        assert core_fields(payload)["update_id"] == int(written)
        assert_same(payload)
    last = changed(changed(SPOT_TRADE, '"t":5400000001,', ""), ',"M":true}', f',"t":{written}}}')
    assert core_fields(last)["update_id"] == int(written)
    assert_same(changed(SPOT_TRADE, '"t":5400000001', f'"t":0{written}'))
    assert_same(changed(SPOT_TRADE, '"t":5400000001', f'"t":{written}9'))


REST = b'{"lastUpdateId":7,"E":1,"T":2,"bids":[["1.50","2.0"],["1.25","1"]],"asks":[]}'


def test_a_rest_depth_answer_is_read() -> None:
    expected = {"last_update_id": 7, "bids": [(150, 20), (125, 10)], "asks": []}
    assert probe.decode_snapshot(REST, -2, -1) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', "MISSING"),
        (REST[:-1], "TRUNCATED"),
        (REST.replace(b'"2.0"', b'"2.05"'), "INEXACT"),
        (b"<html>502</html>", "SYNTAX"),
    ],
)
def test_other_rest_answers_are_refused(body: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        probe.decode_snapshot(body, -2, -1)
    assert caught.value.code == code
