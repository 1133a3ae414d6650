"""Log-linear histograms: differences, sums, percentiles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.metrics import buckets as metrics
from gateway.watch.stages import bucket_end, merged, since, stage
from tests.watch.made import histogram

BUCKETS = st.dictionaries(st.integers(0, 2047), st.integers(1, 50), max_size=20)


@given(st.integers(0, 1919))
def test_edges_are_those_of_metrics(bucket: int) -> None:
    assert bucket_end(bucket) == metrics.bucket_end(bucket)


@given(BUCKETS.filter(bool))
def test_percentiles_are_those_of_the_values_one_by_one(buckets: dict[int, int]) -> None:
    values = sorted(bucket_end(bucket) for bucket, count in buckets.items() for _ in range(count))
    found = stage("x", histogram(buckets))
    for share, mark in ((0.5, found.p50), (0.9, found.p90), (0.99, found.p99)):
        wanted = share * len(values)
        assert mark == next(v for n, v in enumerate(values, 1) if n >= wanted)
    assert (found.count, found.max) == (len(values), values[-1])


@given(BUCKETS, BUCKETS)
def test_what_came_since_is_what_was_added(before: dict[int, int], more: dict[int, int]) -> None:
    old, new = histogram(before), histogram(more)
    assert since(merged([old, new]), old).buckets == more


def test_no_percentile_is_above_what_was_measured() -> None:
    found = stage("x", histogram({700: 1}, sum_ns=30, max_ns=bucket_end(700) - 5))
    assert found.p50 == found.max == bucket_end(700) - 5


def test_stage_without_values_has_no_percentiles() -> None:
    found = stage("x", histogram({}))
    assert (found.count, found.p50, found.max, found.mean) == (0, None, None, None)


def test_count_is_that_of_the_buckets_while_the_writer_is_between_the_two() -> None:
    before = histogram({5: 2})
    after = histogram({5: 3})
    assert since(after, before).count == 1
