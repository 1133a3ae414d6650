"""Buckets of the latency histograms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import probe
from gateway.layout import HISTOGRAM_BUCKETS
from tests.strategies import examples


def bucket(value: int) -> int:
    """The formula of the layout, in plain integers."""
    if value < 32:
        return value
    exponent = value.bit_length() - 1
    return ((exponent - 4) << 5) | ((value >> (exponent - 5)) & 31)


def test_buckets_follow_the_formula_and_never_go_back() -> None:
    values = [*range(5000), *(2**n + d for n in range(13, 63) for d in (-1, 0, 1))]
    found = [probe.bucket(value) for value in values]
    assert found == [bucket(value) for value in values]
    assert found == sorted(found)


@examples(1000)
@given(st.integers(0, 2**63 - 1))
def test_every_value_has_a_bucket_within_a_32nd_of_it(value: int) -> None:
    number = probe.bucket(value)
    assert number == bucket(value)
    assert 0 <= number < HISTOGRAM_BUCKETS
