"""Decimals and doubles of the core against exact arithmetic."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import probe
from gateway.errors import DecodeError
from gateway.layout import NULL
from tests.model.decimals import I64_MAX, exponent_of, parse_decimal, render
from tests.model.faults import Refused
from tests.strategies import decimal_texts, examples, exponents

digits = st.text("0123456789", min_size=1, max_size=24)
written = st.builds(
    lambda sign, whole, dot, part: sign + whole + (dot + part if dot else ""),
    st.sampled_from(("", "", "-")), digits, st.sampled_from(("", ".")), digits,
)  # fmt: skip
malformed = st.text("0123456789.-+eE _x", max_size=8)


MORE = ',"q":"1.50000000","T":1795345200122}'  # what is read must not depend on what comes behind


def core_decimal(text: str, exponent: int) -> int:
    value = int(probe.parse_decimal(f'"{text}"'.encode(), exponent))
    assert probe.parse_decimal(f'"{text}"{MORE}'.encode(), exponent) == value
    return value


def core_double(text: str) -> float:
    value = float(probe.parse_double(f'"{text}"'.encode()))
    assert probe.parse_double(f'"{text}"{MORE}'.encode()) == value
    return value


def same_as_model(text: str, exponent: int) -> None:
    try:
        expected = parse_decimal(text, exponent)
    except Refused as refused:
        with pytest.raises(DecodeError) as caught:
            core_decimal(text, exponent)
        assert caught.value.code in refused.codes
    else:
        assert core_decimal(text, exponent) == expected


@examples(500)
@given(st.data())
def test_every_decimal_the_exponent_holds_is_exact(data: st.DataObject) -> None:
    exponent = data.draw(exponents)
    text = data.draw(decimal_texts(exponent))
    value = Fraction(core_decimal(text, exponent)) * Fraction(10) ** exponent
    assert value == Fraction(text)


@examples(800)
@given(written, exponents)
def test_any_written_decimal_is_judged_as_by_the_model(text: str, exponent: int) -> None:
    same_as_model(text, exponent)


@examples(800)
@given(malformed, exponents)
def test_anything_else_is_refused(text: str, exponent: int) -> None:
    same_as_model(text, exponent)


@pytest.mark.parametrize("exponent", range(-18, 1))
def test_the_edges_of_an_i64_are_where_they_should_be(exponent: int) -> None:
    for mantissa in (0, 1, I64_MAX - 1, I64_MAX, I64_MAX + 1, 10**19, 10**30, 2**64, 2**64 + 1):
        same_as_model(render(mantissa, exponent), exponent)
        same_as_model(render(-mantissa, exponent), exponent)
        same_as_model("000" + render(mantissa, exponent) + ("00" if exponent else ".00"), exponent)


def test_null_cannot_be_written_as_a_number() -> None:
    with pytest.raises(DecodeError) as caught:
        core_decimal(str(NULL), 0)
    assert caught.value.code == "RANGE"


@pytest.mark.parametrize("exponent", [0, -1, -2, -8])
def test_a_digit_below_the_exponent_is_inexact_and_a_zero_is_not(exponent: int) -> None:
    text = render(12345, exponent) + ("" if exponent else ".")
    assert core_decimal(text + "0000", exponent) == 12345
    with pytest.raises(DecodeError) as caught:
        core_decimal(text + "0001", exponent)
    assert caught.value.code == "INEXACT"


@pytest.mark.parametrize(
    ("text", "exponent"),
    [("0", 0), ("1", 0), ("1.5", -1), ("1.50", -1), ("100", 0), ("0.00001000", -5), ("7.", 0)],
)
def test_the_finest_decimals_give_the_exponent(text: str, exponent: int) -> None:
    assert exponent_of(text) == exponent


def same_as_python(text: str) -> None:
    """Bit for bit; only what is infinite, or longer than any double needs, may be RANGE."""
    theirs = float(text)
    try:
        ours = core_double(text)
    except DecodeError as error:
        assert error.code == "RANGE"
        assert abs(theirs) == float("inf") or len(text) > 500, text
    else:
        assert struct.pack("<d", ours) == struct.pack("<d", theirs), text


@examples(1000)
@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False), st.integers(0, 60))
def test_doubles_are_bit_for_bit_those_of_python(value: float, places: int) -> None:
    same_as_python(f"{value:.{places}f}")


@examples(1000)
@given(written)
def test_doubles_of_many_digits_are_bit_for_bit_those_of_python(text: str) -> None:
    same_as_python(text)


@examples(2000)
@given(st.integers(0, 10**15), st.integers(0, 10**8 - 1), st.integers(0, 8))
def test_volumes_as_the_venue_writes_them_are_bit_for_bit_those_of_python(
    whole: int, part: int, zeros: int
) -> None:
    same_as_python(f"{whole}.{part:08d}")
    same_as_python(f"{whole}.{part // 10**zeros:08d}")
    same_as_python(f"{whole}.{part}")


@pytest.mark.parametrize("power", range(27, 50))
def test_volumes_halfway_between_two_doubles_round_to_even(power: int) -> None:
    places = min(53 - power, 8)  # of the halfway binary digit; a decimal has as many
    for odd in (1, 3, 5, 7, 2**16 + 1):
        for whole in (2**power, 2**power + 1, 2 ** (power + 1) - 1):
            halfway = Fraction(whole) + Fraction(odd % 2**places, 2**places)
            text = f"{int(halfway)}.{int(halfway % 1 * 10**8):08d}"
            assert Fraction(text) == halfway
            same_as_python(text)
            same_as_python(text[:-1] + str(int(text[-1]) ^ 1))  # just beside it


@pytest.mark.parametrize(
    "text",
    [
        "0", "0.0", "-0.0", "1", "9007199254740992", "9007199254740993", "9007199254740993.0000001",
        "9007199254740995", "0.1", "0.3", "123456789.123456789", "1820000000.00000000",
        "18200000000.00", "5343.84722378", "8.5", "2.2250738585072011" + "0" * 20,
        f"{5e-324:.490f}", f"{2.2250738585072014e-308:.490f}", f"{1.7976931348623157e308:.0f}",
        f"{4.9e-324 / 1:.400f}", "0." + "0" * 400 + "1", "1" + "0" * 308, "9" * 400 + ".5",
        "0." + "9" * 600, "0." + "9" * 2000, "1" * 100_000, "179769313486231580793" + "0" * 288,
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_hard_doubles_are_bit_for_bit_those_of_python(text: str) -> None:
    same_as_python(text)


def test_halfway_between_two_doubles_rounds_to_even_at_any_length() -> None:
    for even in (2**53, 2**53 + 2, 3 * 2**60):
        step = 2 if even < 2**54 else 2**9
        half = even + step // 2
        for text in (
            f"{half}",
            f"{half}.000",
            f"{half}." + "0" * 480 + "1",
            f"{half - 1}." + "9" * 480,
        ):
            same_as_python(text)
