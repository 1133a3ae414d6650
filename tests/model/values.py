"""One JSON value of a known meaning -> the value of a field; what it is not is a ``Refused``.

Numbers come as ``Bare``, the literal itself, so that no digit is lost on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from gateway.layout import FIXED_EXPONENT, NULL, OrderSide
from tests.model.decimals import I64_MAX, faults_of_decimal, parse_decimal
from tests.model.faults import Refused

MICROSECONDS_FROM: Final = 10**14  # a greater time is in microseconds: 1e14 ms is the year 5138
PART_BYTES: Final = 32  # of a text that is compared, not stored
SIDE_BYTES: Final = 16
UNDERLYING_BYTES: Final = 24

Convert = Callable[[Any], Any]


class Bare(str):
    """The literal of a JSON number."""


def converter(row: str, events: tuple[str, ...], symbol: str, px: int, qty: int) -> Convert:
    """Return what turns a value of type ``row`` (see payload_keys) into a field's value."""
    found = re.fullmatch(r"([a-z]+[0-9]*-?)([+~?]*)", row)
    assert found is not None, row
    base, suffix = found.groups()
    convert = _base(base, events, symbol, px, qty)
    if "+" in suffix:
        convert = _not_negative(convert)
    return _or_none(convert) if "~" in suffix else convert


def absent(row: str) -> Any:
    """Return what a field says whose key, of type ``row``, was not there."""
    if row.startswith("f64"):
        return float("nan")
    if row.startswith(("id", "count")):
        return 0
    return "" if row.startswith("text") else NULL


def refuse(*codes: str) -> NoReturn:
    raise Refused(frozenset(codes))


def _base(row: str, events: tuple[str, ...], symbol: str, px: int, qty: int) -> Convert:
    exponents = {"px": px, "qty": qty, "fixed": FIXED_EXPONENT}
    if row in exponents:
        return lambda value: _mantissa(value, exponents[row])
    if row.startswith("text"):
        return lambda value: _text(value, int(row[4:]))
    if row == "levels":
        return lambda value: _levels(value, px, qty)
    if row in ("event", "symbol"):
        return lambda value: _one_of(value, events if row == "event" else (symbol,))
    return {
        "id": _whole, "id-": _whole_or_none, "time": _nanoseconds, "when": _nanoseconds_or_none,
        "f64": _double, "bool": _bool, "count": _count, "side": _side, "underlying": _underlying,
        "part": lambda value: _text(value, PART_BYTES),
    }[row]  # fmt: skip


def _or_none(convert: Convert) -> Convert:
    return lambda value: NULL if value is None or value == "" else convert(value)


def _not_negative(convert: Convert) -> Convert:
    def converted(value: Any) -> Any:
        mantissa = convert(value)
        if mantissa < 0:
            refuse("RANGE")
        return mantissa

    return converted


def _whole(value: Any) -> int:
    if not isinstance(value, Bare):
        refuse("TYPE")
    whole = re.split("[.eE]", value, maxsplit=1)[0]
    found = set()
    if whole != value or value.startswith("-"):
        found.add("TYPE")
    if abs(int(whole)) > I64_MAX or value.startswith("-"):
        found.add("RANGE")
    if found:
        refuse(*found)
    return int(whole)


def _whole_or_none(value: Any) -> int:
    """A trade id, or 0 where the window had no trade, which the venue writes as -1."""
    if isinstance(value, Bare) and value.startswith("-"):
        _whole(Bare(value[1:]))
        return 0
    return _whole(value)


def _nanoseconds(value: Any) -> int:
    time = _whole(value)
    nanoseconds = time * (1_000 if time > MICROSECONDS_FROM else 1_000_000)
    if nanoseconds > I64_MAX:
        refuse("RANGE")
    return nanoseconds


def _nanoseconds_or_none(value: Any) -> int:
    if _whole(value) == 0:
        return NULL
    try:
        return _nanoseconds(value)
    except Refused:
        return NULL


def _mantissa(value: Any, exponent: int) -> int:
    if not isinstance(value, str):
        refuse("TYPE")
    return parse_decimal(value, exponent)


def _double(value: Any) -> float:
    if not isinstance(value, str) or "TYPE" in faults_of_decimal(value, 0):
        refuse("TYPE")
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        refuse("TYPE")
    return value


def _one_of(value: Any, expected: tuple[str, ...]) -> str:
    if not isinstance(value, str) or isinstance(value, Bare):
        refuse("TYPE", "MISMATCH")
    if value not in expected:
        refuse("MISMATCH")
    return value


def _text(value: Any, room: int) -> str:
    """Text of at most ``room`` bytes; half a surrogate pair is U+FFFD, NULs at the end padding."""
    if not isinstance(value, str) or isinstance(value, Bare):
        refuse("TYPE")
    text = re.sub("[\ud800-\udfff]", "\ufffd", value)
    if len(text.encode()) > room:
        refuse("RANGE")
    return text.rstrip("\0")


def _side(value: Any) -> int:
    sides = {"BUY": OrderSide.BUY, "SELL": OrderSide.SELL}
    _text(value, SIDE_BYTES)
    return int(sides.get(value, OrderSide.NONE))


def _underlying(value: Any) -> str:
    """ "Equity" of "EquityUpdate"."""
    text = _text(value, PART_BYTES)
    if not value.endswith("Update") or value == "Update":
        refuse("MISMATCH")
    return _text(text.removesuffix("Update"), UNDERLYING_BYTES)


def _count(value: Any) -> int:
    if value is not None and type(value) is not list:
        refuse("TYPE")
    return len(value or ())


def _levels(value: Any, px_exponent: int, qty_exponent: int) -> list[tuple[int, int]]:
    if not isinstance(value, list):
        refuse("TYPE")
    try:
        levels = [
            (parse_decimal(px, px_exponent), parse_decimal(qty, qty_exponent)) for px, qty in value
        ]
    except (TypeError, ValueError, Refused):  # not all are plain pairs: look closer
        return _levels_one_by_one(value, px_exponent, qty_exponent)
    if any(px <= 0 or qty < 0 for px, qty in levels):
        return _levels_one_by_one(value, px_exponent, qty_exponent)
    return levels


def _levels_one_by_one(
    value: list[Any], px_exponent: int, qty_exponent: int
) -> list[tuple[int, int]]:
    levels, found = [], frozenset[str]()
    for level in value:
        # A reader of levels expects two brackets in a row, so what is none may be SYNTAX to it.
        if not isinstance(level, list) or len(level) < 2:
            found |= {"TYPE", "SYNTAX"}
        pair: list[int] = []
        parts = level if isinstance(level, list) else []
        for part, exponent in zip(parts, (px_exponent, qty_exponent), strict=False):
            try:
                pair.append(_mantissa(part, exponent))
            except Refused as refused:
                found |= refused.codes
        # A price is positive, a quantity not negative.
        if any(value < least for value, least in zip(pair, (1, 0), strict=False)):
            found |= {"RANGE"}
        levels.append((pair[0], pair[1]) if len(pair) == 2 else (0, 0))
    if found:
        raise Refused(found)
    return levels
