"""The core's answer to a payload beside the oracle's."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

from gateway.core import probe
from gateway.errors import DecodeError
from gateway.layout import Flag, Kind, Source
from tests.model.decode import CANDLES
from tests.model.faults import Refused
from tests.strategies import Payload

TRADES = (Kind.TRADE, Kind.AGG_TRADE, Kind.BLOCK_TRADE)
DEPTHS = (Kind.DIFF, Kind.PARTIAL)


def changed(payload: Payload, old: str, new: str) -> Payload:
    """The payload with other text at one place of it."""
    data = payload.data.decode()
    assert old in data
    return replace(payload, data=data.replace(old, new, 1).encode())


def core_fields(payload: Payload) -> dict[str, Any]:
    """Decode as a shard does: bytes that are not UTF-8 never reach the decoder."""
    if not probe.utf8_valid(payload.data):
        raise DecodeError("UTF8")
    fields: dict[str, Any] = probe.decode(
        int(payload.kind), int(payload.market), payload.data, payload.symbol.encode(),
        payload.px_exponent, payload.qty_exponent,
    )  # fmt: skip
    if payload.kind in TRADES:
        fields["buyer_is_maker"] = bool(fields["flags"] & Flag.BUYER_IS_MAKER)
    if payload.kind in CANDLES:
        fields["closed"] = bool(fields["flags"] & Flag.CLOSED)
    return fields


def assert_same(payload: Payload) -> None:
    """Both read the same fields, or the core names one of the faults that the oracle sees."""
    try:
        expected, allowed = payload.oracle(), payload.overwritten()
    except Refused as refused:
        expected, allowed = None, refused.codes
        if payload.is_json():
            allowed |= payload.overwritten()
    try:
        fields = core_fields(payload)
    except DecodeError as error:
        assert error.code in allowed, (error.code, set(allowed), payload.data)
        return
    assert expected is not None, f"must be {set(allowed)}, was read: {fields} {payload.data!r}"
    for name, value in expected.items():
        assert _bits(fields.pop(name)) == _bits(value), (name, payload.data)
    assert_nothing_else(payload.kind, fields)


def assert_nothing_else(kind: Kind, fields: dict[str, Any]) -> None:
    """What the oracle did not name says what it must: kind and source, and nothing in reserved."""
    assert fields.pop("kind") == kind
    if kind in DEPTHS:  # a spot partial depth has no U and no pu
        assert fields.keys() <= {"first_update_id", "prev_update_id"}
        return
    assert fields.pop("source") == (Source.BOOK_TICKER if kind == Kind.QUOTE else Source.NONE)
    assert all(name.startswith("reserved") and value == 0 for name, value in fields.items()), fields


def _bits(value: Any) -> Any:
    """Doubles by their bits, NaN as one value."""
    if not isinstance(value, float):
        return value
    return struct.pack("<d", value) if value == value else "nan"
