"""Mantissas as decimal text, exact. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def text(mantissa: int, exponent: int) -> str:
    """Return mantissa x 10^exponent in full, exponent <= 0: (12345, -2) → "123.45"."""
    if exponent == 0:
        return str(mantissa)
    sign, whole = ("-", -mantissa) if mantissa < 0 else ("", mantissa)
    digits = str(whole).rjust(1 - exponent, "0")
    return f"{sign}{digits[:exponent]}.{digits[exponent:]}"


def texts(mantissas: Iterable[int], exponent: int) -> list[str]:
    """Return many of one exponent."""
    return [text(mantissa, exponent) for mantissa in mantissas]
