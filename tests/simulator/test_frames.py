"""WebSocket frames as bytes."""

from __future__ import annotations

import pytest

from gateway.simulator.frames import (
    combined_frame,
    payload_offset,
    ping_frame,
    pong_frame,
    prefix_of,
    raw_frame,
    renamed_frame,
    text_frame,
)


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_header_is_as_rfc_6455_has_it(length: int, header: bytes) -> None:
    frame = text_frame(b"x" * length)
    assert frame == header + b"x" * length
    assert payload_offset(frame) == len(header)


@pytest.mark.parametrize("size", [1, 120, 70_000])
def test_envelope_comes_off_and_changes_its_name(size: int) -> None:
    data = b'{"e":"%b"}' % (b"x" * size)
    frame = combined_frame("btcusdt@depth@0ms", data)
    assert frame[payload_offset(frame) :] == b'{"stream":"btcusdt@depth@0ms","data":%b}' % data
    prefix = len(prefix_of("btcusdt@depth@0ms"))
    assert raw_frame(frame, prefix) == text_frame(data)
    renamed = renamed_frame(frame, prefix, prefix_of("btcusdt@depth"))
    assert renamed == combined_frame("btcusdt@depth", data)


def test_pings_and_pongs_are_control_frames() -> None:
    assert ping_frame(b"1770123456789") == b"\x89\x0d1770123456789"
    assert pong_frame(b"") == b"\x8a\x00"
