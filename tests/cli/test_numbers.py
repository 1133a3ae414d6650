"""Numbers as text: exact where they are prices, short where they are figures."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.numbers import counted, duration, exact, rate, size


@pytest.mark.parametrize(
    ("mantissa", "exponent", "text"),
    [
        (6100001, -2, "61000.01"),
        (5, -2, "0.05"),
        (0, -3, "0.000"),
        (-12345, -2, "-123.45"),
        (-5, -2, "-0.05"),
        (42, 0, "42"),
        (1, -8, "0.00000001"),
        (None, -2, "-"),
    ],
)
def test_exact_value_has_all_its_decimals(mantissa: int | None, exponent: int, text: str) -> None:
    assert exact(mantissa, exponent) == text


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(-18, 0))
def test_exact_value_is_the_decimal(mantissa: int, exponent: int) -> None:
    assert Decimal(exact(mantissa, exponent)) == Decimal(mantissa).scaleb(exponent)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ns"), (830, "830 ns"), (3_240, "3.24 µs"), (99_600, "100 µs"), (41e6, "41 ms"),
        (2.5e9, "2.5 s"), (119e9, "119 s"), (121e9, "2 min"), (7200e9, "2 h 00 min"),
        (27.5 * 3600e9, "27 h 30 min"), (math.nan, "-"),
    ],
)  # fmt: skip
def test_duration_is_in_its_own_unit(nanoseconds: float, text: str) -> None:
    assert duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(0, "0"), (0.25, "0.25"), (38.84, "38.8"), (123.4, "123"), (1234, "1.23k"), (2.5e6, "2.5M")],
)
def test_rate_has_three_digits(per_second: float, text: str) -> None:
    assert rate(per_second) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (26_677_248, "25.4 MiB"),
        (3 << 30, "3 GiB"),
        (1 << 50, "1048576 GiB"),
    ],
)
def test_size_is_in_binary_units(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 streams"), (1, "1 stream"), (1200, "1,200 streams")]
)
def test_count_has_its_noun(number: int, text: str) -> None:
    assert counted(number, "stream") == text
