"""Payloads for connections that asked for ``timeUnit=MICROSECOND``. Pure.

Venue rule: every time field then has 16 digits (web-socket-streams.md, CHANGELOG 2024-12-17; spot
only). The market is kept in ms, so a time ends with 000, and a candle's last one with 999.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.simulator.frames import payload_offset, text_frame

# Times have 13 digits in ms. "E" and "T" in all events, "O" and "C" in tickers; in a kline and in a
# reference price "t" is a time too, where a trade has its id.
_TIME: Final = re.compile(rb'((?:"[ETOC]"|"r":(?:null|"[^"]*"),"t"):\d{13})(?!\d)')
_CANDLE: Final = re.compile(rb'("k":\{"t":\d{13})(,"T":\d{13})(?!\d)')


def in_microseconds(payload: bytes) -> bytes:
    """Return a payload with its times in microseconds."""
    return _TIME.sub(rb"\g<1>000", _CANDLE.sub(rb"\g<1>000\g<2>999", payload))


def frame_in_microseconds(frame: bytes) -> bytes:
    """Return a whole text frame with its times in microseconds."""
    return text_frame(in_microseconds(frame[payload_offset(frame) :]))
