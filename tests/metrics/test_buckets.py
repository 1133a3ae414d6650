"""Log-linear latencies under fixed bounds: none is lost, none shown as shorter than it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.layout import HISTOGRAM_BUCKETS
from gateway.metrics.buckets import BOUNDS, BOUNDS_NS, bucket_end, cumulative
from gateway_client.status import bucket_end as client_bucket_end


def bucket_of(value: int) -> int:
    """The bucket of a value, as the layout words it (HISTOGRAM)."""
    if value < 32:
        return value
    exponent = value.bit_length() - 1
    return ((exponent - 4) << 5) | ((value >> (exponent - 5)) & 31)


def test_bounds_are_decimal_seconds_in_order() -> None:
    assert BOUNDS[:4] == ("0.0000001", "0.00000025", "0.0000005", "0.000001")
    assert BOUNDS[-3:] == ("2.5", "5", "10")
    assert [round(float(bound) * 1e9) for bound in BOUNDS] == list(BOUNDS_NS)
    assert list(BOUNDS_NS) == sorted(set(BOUNDS_NS))


def test_buckets_end_where_the_reader_of_the_layout_says() -> None:
    last = bucket_of(2**63 - 1)
    assert [bucket_end(n) for n in range(last)] == [client_bucket_end(n) for n in range(last)]


@given(st.integers(0, 2**62))
def test_value_lies_in_its_bucket(value: int) -> None:
    bucket = bucket_of(value)
    assert bucket_end(bucket) >= value
    assert bucket == 0 or bucket_end(bucket - 1) < value


@given(st.lists(st.integers(0, 20 * 10**9), max_size=50))
def test_counts_are_of_the_values_and_never_too_favourable(values: list[int]) -> None:
    buckets = [0] * HISTOGRAM_BUCKETS
    for value in values:
        buckets[bucket_of(value)] += 1
    counts = cumulative(buckets)
    assert counts == sorted(counts)
    assert counts[-1] == len(values)
    for bound, count in zip(BOUNDS_NS, counts, strict=False):
        assert count <= sum(value <= bound for value in values)
        assert count >= sum(value <= bound * 0.97 - 1 for value in values)


@pytest.mark.parametrize("shards", [1, 2, 5])
def test_histograms_of_shards_add_up(shards: int) -> None:
    parts = [[(7 * n + shard) % 11 for n in range(HISTOGRAM_BUCKETS)] for shard in range(shards)]
    whole = [sum(counts) for counts in zip(*parts, strict=True)]
    each = [cumulative(part) for part in parts]
    assert cumulative(whole) == [sum(counts) for counts in zip(*each, strict=True)]
