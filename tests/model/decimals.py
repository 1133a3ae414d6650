"""Decimals as exact integers: value = mantissa x 10^exponent."""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.layout import NULL
from tests.model.faults import Refused

I64_MAX = 2**63 - 1
_BEGUN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?\Z", re.ASCII)


def faults_of_decimal(text: str, exponent: int) -> frozenset[str]:
    """Name everything wrong with ``text`` as a decimal at ``exponent`` (<= 0)."""
    if not _DECIMAL.match(text):
        # A reader may meet a fault in the readable beginning first.
        begun = _BEGUN.match(text)
        return frozenset({"TYPE"}) | (faults_of_decimal(begun[0], exponent) if begun else set())
    mantissa, rest = _scaled(text, exponent)
    found = set()
    if rest:
        found.add("INEXACT")
    # The least i64 is the null of the layout and cannot stand for a number.
    if not NULL < mantissa <= I64_MAX:
        found.add("RANGE")
    return frozenset(found)


@lru_cache(maxsize=1 << 16)  # the same prices come again and again
def parse_decimal(text: str, exponent: int) -> int:
    """Return the mantissa; raises ``Refused`` with every fault of the text."""
    if found := faults_of_decimal(text, exponent):
        raise Refused(found)
    return _scaled(text, exponent)[0]


def _scaled(text: str, exponent: int) -> tuple[int, int]:
    """Mantissa, and the digits (as a number) that lie below the exponent."""
    match = _DECIMAL.match(text)
    assert match is not None
    sign, whole, part = match[1], match[2], match[3] or ""
    kept, rest = part[:-exponent].ljust(-exponent, "0") if exponent else "", part[-exponent:]
    mantissa = int(whole + kept)
    return (-mantissa if sign else mantissa), int(rest or "0")


def exponent_of(text: str) -> int:
    """Return the exponent that holds ``text`` exactly: minus its significant decimals."""
    _, _, part = text.partition(".")
    return -len(part.rstrip("0"))


def render(mantissa: int, exponent: int, decimals: int | None = None) -> str:
    """Write a mantissa as the venue does, with ``decimals`` (default: -exponent) places."""
    places = -exponent if decimals is None else decimals
    assert places >= -exponent
    digits = str(abs(mantissa)).rjust(-exponent + 1, "0")
    whole, part = (digits[:exponent], digits[exponent:]) if exponent else (digits, "")
    part = part.ljust(places, "0")
    return ("-" if mantissa < 0 else "") + whole + ("." + part if part else "")
