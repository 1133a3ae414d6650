"""Latencies: log-linear buckets in nanoseconds → a Prometheus histogram in seconds. Pure.

Bounds are the same for every stage and shard, so that histograms add up. They are decimal, because
they are written into alerts. A bound cuts a log-linear bucket in two; values in it, 3 % below the
bound at most, are counted above it: no latency is ever shown as shorter than it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Final

from gateway.layout import HISTOGRAM_BUCKETS

# 100 ns … 10 s in three steps a decade: from a store in shared memory to a venue far away.
BOUNDS_NS: Final = (
    *(step * 10**decade // 10 for decade in range(2, 10) for step in (10, 25, 50)),
    10**10,
)
BOUNDS: Final = tuple(f"{Decimal(ns).scaleb(-9).normalize():f}" for ns in BOUNDS_NS)


def bucket_end(bucket: int) -> int:
    """Return the largest value of a log-linear bucket (HISTOGRAM in ``gateway.layout``)."""
    if bucket < 32:
        return bucket
    exponent = (bucket >> 5) + 4
    return ((32 + (bucket & 31) + 1) << (exponent - 5)) - 1


def _whole_buckets(bound_ns: int) -> int:
    """Return how many log-linear buckets, from the first, lie within a bound."""
    found = 0
    while found < HISTOGRAM_BUCKETS and bucket_end(found) <= bound_ns:
        found += 1
    return found


_CUTS: Final = tuple(map(_whole_buckets, BOUNDS_NS))


def cumulative(buckets: Sequence[int]) -> list[int]:
    """Return how many values are within each of ``BOUNDS``, and last how many there are."""
    below = [0, *accumulate(buckets)]
    return [below[min(cut, len(buckets))] for cut in _CUTS] + [below[-1]]
