"""Payloads of the venue -> fields, for the kinds of this gateway. Samples: tests/payloads/.

Any key order; of a key sent twice the last counts; unknown keys are skipped; prices and quantities
are exact mantissas at the symbol's exponents; times are milliseconds, or microseconds where above
1e14, and come out as nanoseconds. Keys of spot and futures streams as in the venue's
"web-socket-streams.md" and "websocket-market-streams".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NoReturn

from gateway.layout import FIXED_EXPONENT, NULL, Kind, Market
from tests.model import json_text
from tests.model.decimals import I64_MAX, faults_of_decimal, parse_decimal
from tests.model.faults import Refused

MICROSECONDS_FROM: Final = 10**14  # a greater time is in microseconds: 1e14 ms is the year 5138
EVENTS: Final = {
    Kind.QUOTE: "bookTicker",
    Kind.TRADE: "trade",
    Kind.AGG_TRADE: "aggTrade",
    Kind.TICKER: "24hrTicker",
    Kind.DIFF: "depthUpdate",
    Kind.PARTIAL: "depthUpdate",
}

# key in the payload -> (field, type); with ? it may be absent, with + it is not negative, and an
# id- below 0 says that there is none
_COMMON: Final = {"e": ("e", "event?"), "s": ("s", "symbol?"), "E": ("ts_event", "time?")}
_QUOTE: Final = _COMMON | {
    "s": ("s", "symbol"),
    "u": ("update_id", "id"),
    "T": ("ts_trade", "time?"),
    "b": ("bid_px", "px+"), "B": ("bid_qty", "qty+"),
    "a": ("ask_px", "px+"), "A": ("ask_qty", "qty+"),
}  # fmt: skip
_TRADE: Final = _COMMON | {
    "s": ("s", "symbol"),
    "E": ("ts_event", "time"),
    "T": ("ts_trade", "time"),
    "t": ("update_id", "id"),
    "p": ("px", "px+"), "q": ("qty", "qty+"),
    "m": ("buyer_is_maker", "bool"),
}  # fmt: skip
_AGG_TRADE: Final = {key: row for key, row in _TRADE.items() if key != "t"} | {
    "a": ("update_id", "id"),
    "f": ("first_trade_id", "id"),
    "l": ("last_trade_id", "id"),
}
_TICKER: Final = _COMMON | {
    "s": ("s", "symbol"),
    "E": ("ts_event", "time"),
    "c": ("last_px", "px"), "o": ("open_px", "px"), "h": ("high_px", "px"), "l": ("low_px", "px"),
    "Q": ("last_qty", "qty?"),
    "v": ("volume", "f64"), "q": ("quote_volume", "f64"),
    "O": ("open_time", "time"), "C": ("close_time", "time"),
    "F": ("first_trade_id", "id-"), "L": ("last_trade_id", "id-"), "n": ("trade_count", "id"),
    "p": ("change_px", "px?"), "P": ("change_percent", "fixed?"), "w": ("average_px", "fixed?"),
    "x": ("prev_close_px", "px?"),
    "b": ("bid_px", "px?"), "B": ("bid_qty", "qty?"),
    "a": ("ask_px", "px?"), "A": ("ask_qty", "qty?"),
}  # fmt: skip
_DIFF: Final = _COMMON | {
    "s": ("s", "symbol"),
    "E": ("ts_event", "time"),
    "T": ("ts_trade", "time?"),
    "U": ("first_update_id", "id"),
    "u": ("update_id", "id"),
    "b": ("bids", "levels"), "a": ("asks", "levels"),
}  # fmt: skip
_CHAINED: Final = {"pu": ("prev_update_id", "id")}
_PARTIAL_SPOT: Final = {  # no e and no s on spot: were they there, they would be unknown keys
    "E": _COMMON["E"],
    "lastUpdateId": ("update_id", "id"),
    "bids": ("bids", "levels"), "asks": ("asks", "levels"),
}  # fmt: skip
_SNAPSHOT: Final = {
    "lastUpdateId": ("last_update_id", "id"),
    "bids": ("bids", "levels"), "asks": ("asks", "levels"),
}  # fmt: skip


def keys(kind: Kind, market: Market) -> dict[str, tuple[str, str]]:
    """Return the keys of a payload: key -> (field, type); a trailing ? marks an optional key."""
    futures = market != Market.SPOT
    if kind == Kind.DIFF:
        return _DIFF | (_CHAINED if futures else {})
    if kind == Kind.PARTIAL:
        return _DIFF | _CHAINED if futures else _PARTIAL_SPOT
    return {
        Kind.QUOTE: _QUOTE, Kind.TRADE: _TRADE, Kind.AGG_TRADE: _AGG_TRADE, Kind.TICKER: _TICKER,
    }[kind]  # fmt: skip


class Bare(str):
    """The literal of a JSON number, so that no digit of it is lost."""


def decode(
    kind: Kind, market: Market, data: bytes, symbol: str, px_exponent: int, qty_exponent: int
) -> dict[str, Any]:
    """Return the fields of a payload, named as in the layout; raises ``Refused``.

    Absent integers are NULL, absent doubles NaN; bids and asks are lists of (px, qty).
    """
    fields = _reader(kind, market, symbol, px_exponent, qty_exponent).read(data)
    fields.pop("e", None)
    fields.pop("s", None)
    if kind == Kind.TRADE:
        fields["first_trade_id"] = fields["last_trade_id"] = fields["update_id"]
    if kind == Kind.DIFF and market == Market.SPOT:
        fields["prev_update_id"] = fields["first_update_id"] - 1
    return fields


def overwritten_faults(
    kind: Kind, market: Market, data: bytes, symbol: str, px_exponent: int, qty_exponent: int
) -> frozenset[str]:
    """Faults of values that a later value of the same key replaces: a reader may stop at them."""
    reader = _reader(kind, market, symbol, px_exponent, qty_exponent)
    return reader.faults_of_all(data.decode())


def is_object(data: bytes) -> bool:
    """Whether the bytes are a JSON object at all."""
    try:
        return isinstance(_load(data, lambda partial: frozenset()), dict)
    except Refused:
        return False


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, doubles kept."""


def decode_snapshot(data: bytes, px_exponent: int, qty_exponent: int) -> dict[str, Any]:
    """Return last_update_id, bids and asks of a REST depth answer; raises ``Refused``."""
    return Reader(_SNAPSHOT, "", "", px_exponent, qty_exponent).read(data)


def split_envelope(frame: bytes) -> tuple[str, Any]:
    """Return the stream's name and the data of a combined-stream frame; raises ``Refused``."""
    members = _load(frame, lambda partial: frozenset())
    if not isinstance(members, dict):
        raise Refused(frozenset({"TYPE"}))
    if "stream" not in members or "data" not in members:
        raise Refused(frozenset({"MISSING"}))
    if type(members["stream"]) is not str:
        raise Refused(frozenset({"TYPE"}))
    return members["stream"], members["data"]


@lru_cache
def _reader(kind: Kind, market: Market, symbol: str, px_exponent: int, qty_exponent: int) -> Reader:
    return Reader(keys(kind, market), EVENTS[kind], symbol, px_exponent, qty_exponent)


class Reader:
    """Reads one JSON object by a table of keys; collects every fault instead of the first."""

    def __init__(
        self, rows: dict[str, tuple[str, str]], event: str, symbol: str, px_exp: int, qty_exp: int
    ) -> None:
        self.rows = rows
        self.convert: dict[str, Callable[[Any], Any]] = {
            "id": _whole,
            "id-": _whole_or_none,
            "time": _nanoseconds,
            "px": lambda value: _mantissa(value, px_exp),
            "qty": lambda value: _mantissa(value, qty_exp),
            "px+": lambda value: _not_negative(_mantissa(value, px_exp)),
            "qty+": lambda value: _not_negative(_mantissa(value, qty_exp)),
            "fixed": lambda value: _mantissa(value, FIXED_EXPONENT),
            "f64": _double,
            "bool": _bool,
            "event": lambda value: _same(value, event),
            "symbol": lambda value: _same(value, symbol),
            "levels": lambda value: _levels(value, px_exp, qty_exp),
        }

    def read(self, data: bytes) -> dict[str, Any]:
        members = _load(data, self.faults_of_all)
        if not isinstance(members, dict):
            raise Refused(frozenset({"TYPE"}))
        fields, found = self._fields(members)
        if found:
            raise Refused(found)
        return fields

    def _fields(self, members: dict[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
        fields: dict[str, Any] = {}
        found: frozenset[str] = frozenset()
        for key, (field, kind) in self.rows.items():
            try:
                fields[field] = self._field(members, key, kind)
            except Refused as refused:
                found |= refused.codes
        first = fields.get("first_update_id")
        if first is not None and first > fields.get("update_id", first):
            found |= {"RANGE"}  # U behind u: no diff
        return fields, found

    def _field(self, members: dict[str, Any], key: str, kind: str) -> Any:
        if key in members:
            return self.convert[kind.rstrip("?")](members[key])
        if not kind.endswith("?"):
            raise Refused(frozenset({"MISSING"}))
        return float("nan") if kind == "f64?" else NULL

    def faults_of_all(self, text: str) -> frozenset[str]:
        """Return what is wrong with the values of known keys, overwritten ones among them."""
        found = frozenset[str]()
        for key, value in _PAIRS_DECODER.decode(text):
            try:
                if key in self.rows:
                    self.convert[self.rows[key][1].rstrip("?")](value)
            except Refused as refused:
                found |= refused.codes
        return found


def _load(data: bytes, faults_of_beginning: Callable[[str], frozenset[str]]) -> Any:
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        cut = {"TRUNCATED"} if exc.end == len(data) else set()
        readable = data.decode(errors="replace")
        code = json_text.verdict(readable)[0]
        raise Refused(frozenset({"UTF8", *cut, *({code} if code else ())})) from exc
    try:
        value = _parse(text)
    except (ValueError, RecursionError):
        value = None
    else:
        if _is_shallow(text, value):
            return value
    code, end, is_whole = json_text.verdict(text)
    assert code is not None
    begun = faults_of_beginning(text[:end] + "}") if end else frozenset()
    if is_whole:  # the object is there; what is wrong lies behind it
        begun |= {"MISSING"}
    # The value in which the text goes wrong may have faults of its own, and a reader may look for
    # a value's end before it looks at what is inside. Clear cases have tests of their own.
    raise Refused(begun | {code, "SYNTAX", "TRUNCATED", "TYPE", "RANGE", "INEXACT"})


def _parse(text: str) -> Any:
    return _DECODER.decode(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_float=Bare, parse_int=Bare, parse_constant=_no_constant)
_PAIRS_DECODER: Final = json.JSONDecoder(parse_float=Bare, parse_int=Bare, object_pairs_hook=_Pairs)


def _is_shallow(text: str, value: Any) -> bool:
    if text.count("{") + text.count("[") <= json_text.DEPTH_MAX:
        return True
    depth, layer = 0, [value]
    while nested := [item for item in layer if isinstance(item, dict | list)]:
        depth += 1
        layer = [
            item for parent in nested
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]  # fmt: skip
    return depth <= json_text.DEPTH_MAX


def _refuse(*codes: str) -> NoReturn:
    raise Refused(frozenset(codes))


def _whole(value: Any) -> int:
    if not isinstance(value, Bare):
        _refuse("TYPE")
    whole = re.split("[.eE]", value, maxsplit=1)[0]
    found = set()
    if whole != value or value.startswith("-"):
        found.add("TYPE")
    if abs(int(whole)) > I64_MAX or value.startswith("-"):
        found.add("RANGE")
    if found:
        _refuse(*found)
    return int(whole)


def _whole_or_none(value: Any) -> int:
    """A trade id, or 0 where the window had no trade, which the venue writes as -1."""
    if isinstance(value, Bare) and value.startswith("-"):
        _whole(Bare(value[1:]))
        return 0
    return _whole(value)


def _not_negative(mantissa: int) -> int:
    if mantissa < 0:
        _refuse("RANGE")
    return mantissa


def _nanoseconds(value: Any) -> int:
    time = _whole(value)
    nanoseconds = time * (1_000 if time > MICROSECONDS_FROM else 1_000_000)
    if nanoseconds > I64_MAX:
        _refuse("RANGE")
    return nanoseconds


def _mantissa(value: Any, exponent: int) -> int:
    if not isinstance(value, str):
        _refuse("TYPE")
    return parse_decimal(value, exponent)


def _double(value: Any) -> float:
    if not isinstance(value, str) or "TYPE" in faults_of_decimal(value, 0):
        _refuse("TYPE")
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        _refuse("TYPE")
    return value


def _same(value: Any, expected: str) -> str:
    if not isinstance(value, str) or isinstance(value, Bare):
        _refuse("TYPE", "MISMATCH")
    if value != expected:
        _refuse("MISMATCH")
    return expected


def _levels(value: Any, px_exponent: int, qty_exponent: int) -> list[tuple[int, int]]:
    if not isinstance(value, list):
        _refuse("TYPE")
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
