"""Frames corrupted so that they still arrive: whole WebSocket text frames of valid UTF-8. Pure.

TCP and TLS let no damaged byte through, but a venue's or a proxy's own fault does. RFC 6455 has a
client fail a connection whose text is no UTF-8, so that is kept.
"""

from __future__ import annotations

from typing import Final

from gateway.simulator.fault_plan import Damage
from gateway.simulator.frames import payload_offset, text_frame

_MARKS: Final = frozenset(b'{}[]":,')
_DIGITS: Final = frozenset(b"0123456789")


def damage_payload(payload: bytes, how: Damage, roll: int) -> bytes:
    """Return a payload with the damage that ``roll`` chooses; one without a fitting place is cut.

    An empty payload stays as it is.
    """
    if how is Damage.ANY:
        how, roll = (Damage.CUT, Damage.FLIP)[roll & 1], roll >> 1
    if how is Damage.CUT:
        return _cut(payload, roll)
    places = [at for at, byte in enumerate(payload) if byte in _PLACES[how]]
    if not places:
        return _cut(payload, roll)
    at = places[roll % len(places)]
    return payload[:at] + _changed(payload[at], roll >> 32) + payload[at + 1 :]


_PLACES: Final = {Damage.FLIP: _MARKS, Damage.DIGIT: _DIGITS}


def _changed(byte: int, roll: int) -> bytes:
    if byte not in _DIGITS:
        return b"x"
    others = bytes(digit for digit in b"123456789" if digit != byte)  # none may begin with 0
    return others[roll % len(others) :][:1]


def _cut(payload: bytes, roll: int) -> bytes:
    if not payload:
        return payload
    return payload[: roll % len(payload)].decode(errors="ignore").encode()


def damage_frame(frame: bytes, how: Damage, roll: int) -> bytes:
    """Return a whole text frame with its payload damaged."""
    return text_frame(damage_payload(frame[payload_offset(frame) :], how, roll))
