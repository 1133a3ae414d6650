"""Log-linear histograms of latencies: those of an interval, of several shards, percentiles. Pure.

Bucket v < 32 holds the value v; above, 32 buckets for each power of two (HISTOGRAM in
``gateway.layout``). A percentile is the upper edge of its bucket, at most 3 % too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.watch.readings import Histogram, Shard

SHARES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Stage:
    """Latencies of a stage in an interval, in ns; all None where there were no values."""

    name: str
    count: int
    mean: float | None
    p50: int | None
    p90: int | None
    p99: int | None
    p999: int | None
    max: int | None
    buckets: Mapping[int, int]
    """Bucket → values; ``bucket_end`` tells its largest."""


def bucket_end(bucket: int) -> int:
    """Return the largest value of a bucket."""
    if bucket < 32:
        return bucket
    exponent = (bucket >> 5) + 4
    return ((32 + (bucket & 31) + 1) << (exponent - 5)) - 1


def since(after: Histogram, before: Histogram | None) -> Histogram:
    """Return what came after ``before`` (None: all). ``max_ns`` is that since the start."""
    if before is None:
        return after
    buckets = {
        bucket: count - before.buckets.get(bucket, 0)
        for bucket, count in after.buckets.items()
        if count > before.buckets.get(bucket, 0)
    }
    # Counted from the buckets: a writer adds to them and to its total one behind the other.
    count, sum_ns = sum(buckets.values()), max(0, after.sum_ns - before.sum_ns)
    return Histogram(count, sum_ns, after.max_ns, buckets)


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Add them up, as those of several shards."""
    count = sum_ns = max_ns = 0
    buckets: Counter[int] = Counter()
    for each in histograms:
        count += each.count
        sum_ns += each.sum_ns
        max_ns = max(max_ns, each.max_ns)
        buckets.update(each.buckets)
    return Histogram(count, sum_ns, max_ns, buckets)


def stage(name: str, histogram: Histogram) -> Stage:
    """Return its percentiles; none is above the longest that was ever measured."""
    ordered = sorted(histogram.buckets.items())
    count = sum(number for _, number in ordered)
    if not count:
        return Stage(name, 0, None, None, None, None, None, None, {})
    edges = [_percentile(ordered, share * count) for share in SHARES]
    longest = bucket_end(ordered[-1][0])
    p50, p90, p99, p999, most = (min(edge, histogram.max_ns or edge) for edge in (*edges, longest))
    return Stage(name, count, histogram.sum_ns / count, p50, p90, p99, p999, most, dict(ordered))


def of_shards(after: Iterable[Shard], before: Mapping[int, Shard]) -> list[Stage]:
    """Return all stages of all shards together; ``before`` by generation."""
    parts: dict[str, list[Histogram]] = {}
    for shard in after:
        old = before.get(shard.generation)
        for name, histogram in shard.histograms.items():
            earlier = old.histograms.get(name) if old else None
            parts.setdefault(name, []).append(since(histogram, earlier))
    return [stage(name, merged(each)) for name, each in parts.items()]


def _percentile(ordered: list[tuple[int, int]], wanted: float) -> int:
    reached = 0
    for bucket, count in ordered:
        reached += count
        if reached >= wanted:
            return bucket_end(bucket)
    return bucket_end(ordered[-1][0])
