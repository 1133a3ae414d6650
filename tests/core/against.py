"""The core's answer to a payload beside the oracle's."""

from __future__ import annotations

import struct
from typing import Any

from gateway.core import probe
from gateway.errors import DecodeError
from gateway.layout import Flag, Kind
from tests.model.faults import Refused
from tests.strategies import Payload


def core_fields(payload: Payload) -> dict[str, Any]:
    """Decode as a shard does: bytes that are not UTF-8 never reach the decoder."""
    if not probe.utf8_valid(payload.data):
        raise DecodeError("UTF8")
    fields: dict[str, Any] = probe.decode(
        int(payload.kind), int(payload.market), payload.data, payload.symbol.encode(),
        payload.px_exponent, payload.qty_exponent,
    )  # fmt: skip
    if payload.kind in (Kind.TRADE, Kind.AGG_TRADE):
        fields["buyer_is_maker"] = bool(fields["flags"] & Flag.BUYER_IS_MAKER)
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
        assert _bits(fields[name]) == _bits(value), (name, payload.data)


def _bits(value: Any) -> Any:
    """Doubles by their bits, NaN as one value."""
    if not isinstance(value, float):
        return value
    return struct.pack("<d", value) if value == value else "nan"
