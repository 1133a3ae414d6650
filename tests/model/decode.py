"""Payloads of the venue -> fields, for every kind of this gateway. Samples: tests/payloads/.

Any key order; of a key sent twice the last counts; unknown keys are skipped; prices and quantities
are exact mantissas at the symbol's exponents; times are milliseconds, or microseconds where above
1e14, and come out as nanoseconds. The keys are in payload_keys, their values in values.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NoReturn

from gateway.layout import FIXED_EXPONENT, Flag, Kind, Market
from tests.model import json_text
from tests.model.faults import Refused
from tests.model.payload_keys import EVENTS, SNAPSHOT, Table, blank, keys
from tests.model.values import Bare, absent, converter, refuse

CANDLES: Final = (
    Kind.KLINE, Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.MARK_KLINE,
)  # fmt: skip


def decode(
    kind: Kind, market: Market, data: bytes, symbol: str, px_exponent: int, qty_exponent: int
) -> dict[str, Any]:
    """Return the fields of a payload, named as in the layout; raises ``Refused``.

    Absent integers are NULL (ids 0), absent doubles NaN, absent texts empty; bids and asks are
    lists of (px, qty); ``buyer_is_maker`` and ``closed`` stand beside the flags made of them.
    """
    fields = _reader(kind, market, symbol, px_exponent, qty_exponent).read(data)
    fields = blank(kind) | fields
    if kind in (Kind.TRADE, Kind.BLOCK_TRADE):
        fields["first_trade_id"] = fields["last_trade_id"] = fields["update_id"]
    if kind == Kind.DIFF and market == Market.SPOT:
        fields["prev_update_id"] = fields["first_update_id"] - 1
    if kind in (Kind.TICKER, Kind.MINI_TICKER, Kind.WINDOW_TICKER):
        fields["update_id"] = fields["last_trade_id"]
    if kind in CANDLES:
        fields["update_id"] = fields["open_time"] // 1_000_000
        on_tick = kind in (Kind.KLINE, Kind.CONTINUOUS_KLINE)
        fields["px_exponent"] = px_exponent if on_tick else FIXED_EXPONENT
    if kind == Kind.CONTINUOUS_KLINE and fields["-pair"] + "_" + fields["-type"] != symbol:
        refuse("MISMATCH")
    if kind == Kind.CONTRACT_INFO:
        fields["has_brackets"] = int(fields.pop("brackets") > 0)
    if kind not in (Kind.DIFF, Kind.PARTIAL):
        maker = Flag.BUYER_IS_MAKER if fields.get("buyer_is_maker") else 0
        fields["flags"] = maker | (Flag.CLOSED if fields.get("closed") else 0)
    return {name: value for name, value in fields.items() if not name.startswith("-")}


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
    return Reader(SNAPSHOT, (), "", px_exponent, qty_exponent).read(data)


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
        self, table: Table, events: tuple[str, ...], symbol: str, px_exp: int, qty_exp: int
    ) -> None:
        self.rows: dict[str, tuple[str, str]] = {}
        self.inner: dict[str, Reader] = {}
        for key, row in table.items():
            if isinstance(row, dict):
                self.inner[key] = Reader(row, events, symbol, px_exp, qty_exp)
            else:
                self.rows[key] = row
        self.convert: dict[str, Callable[[Any], Any]] = {
            key: converter(row, events, symbol, px_exp, qty_exp)
            for key, (_, row) in self.rows.items()
        }

    def read(self, data: bytes) -> dict[str, Any]:
        members = _load(data, self.faults_of_beginning)
        fields, found = self._fields(members)
        if found:
            raise Refused(found)
        return fields

    def _fields(self, members: Any) -> tuple[dict[str, Any], frozenset[str]]:
        fields: dict[str, Any] = {}
        found: frozenset[str] = frozenset()
        if not isinstance(members, dict):
            return fields, frozenset({"TYPE"})
        for key, (field, row) in self.rows.items():
            try:
                fields[field] = self._field(members, key, row)
            except Refused as refused:
                found |= refused.codes
        for key, reader in self.inner.items():
            if key not in members:
                found |= {"MISSING"}
                continue
            more, faults = reader._fields(members[key])
            fields |= more
            found |= faults
        return fields, found | self._faults_between(fields, members)

    def _faults_between(self, fields: dict[str, Any], members: dict[str, Any]) -> frozenset[str]:
        first = fields.get("first_update_id")
        if first is not None and first > fields.get("update_id", first):
            return frozenset({"RANGE"})  # U behind u: no diff
        pair = self.rows.get("i", ("", ""))[0] == "-pair"
        if pair and not members.keys() & {"i", "s"}:  # an index price calls its pair i, or s
            return frozenset({"MISSING"})
        return frozenset()

    def _field(self, members: dict[str, Any], key: str, row: str) -> Any:
        if key in members:
            return self.convert[key](members[key])
        if not row.endswith("?"):
            raise Refused(frozenset({"MISSING"}))
        return absent(row)

    def faults_of_beginning(self, text: str) -> frozenset[str]:
        """Return what is wrong with the whole members before the text goes wrong.

        Inside an object that is not whole another symbol may be met first.
        """
        return self.faults_of_all(text) | ({"MISMATCH"} if self.inner else set())

    def faults_of_all(self, text: str) -> frozenset[str]:
        """Return what is wrong with the values of known keys, overwritten ones among them."""
        return self._faults_of_pairs(_PAIRS_DECODER.decode(text))

    def _faults_of_pairs(self, pairs: Any) -> frozenset[str]:
        if not isinstance(pairs, _Pairs):
            return frozenset({"TYPE"})
        found = frozenset[str]()
        for key, value in pairs:
            try:
                if key in self.inner:
                    found |= self.inner[key]._faults_of_pairs(value)
                elif key in self.rows:
                    self.convert[key](value)
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
    begun = faults_of_beginning(text[:end] + "}" if end else "{}")
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
