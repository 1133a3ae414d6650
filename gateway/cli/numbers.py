"""Numbers as people read them. Pure."""

from __future__ import annotations

import math

from gateway import decimals

NOTHING = "-"
_HOUR_NS = 3600e9
_DURATIONS = ((1e3, 1.0, "ns"), (1e6, 1e3, "µs"), (1e9, 1e6, "ms"), (12e10, 1e9, "s"))


def exact(mantissa: int | None, exponent: int) -> str:
    """Return mantissa x 10^exponent in full, exponent <= 0: (12345, -2) → "123.45"."""
    if mantissa is None:
        return NOTHING
    return decimals.text(mantissa, exponent)


def rate(per_second: float) -> str:
    """Return a rate: 3 digits, thousands in k or M."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if per_second >= limit:
            return f"{per_second / limit:.3g}{unit}"
    return f"{per_second:.3g}" if per_second < 100 else f"{per_second:.0f}"


def latency(nanoseconds: float) -> str:
    """Return a latency; "-" above an hour, where the clocks are not of one time (a replay)."""
    return NOTHING if nanoseconds > _HOUR_NS else duration(nanoseconds)


def duration(nanoseconds: float) -> str:
    """Return a duration in its own unit: "830 ns", "3.2 µs", "41 ms", "2.5 s", "3 min"."""
    if math.isnan(nanoseconds):
        return NOTHING
    for limit, unit_ns, unit in _DURATIONS:
        if nanoseconds < limit:
            return f"{_three(nanoseconds / unit_ns)} {unit}"
    minutes = int(nanoseconds / 60e9)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def size(count: float) -> str:
    """Return bytes as "25.4 MiB"."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{_three(count)} {unit}"
        count /= 1024
    return f"{_three(count)} GiB"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 stream", "1,200 streams"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _three(value: float) -> str:
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"
