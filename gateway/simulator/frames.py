"""WebSocket frames of the server side, built and taken apart as bytes.

Pure. A server's frames are unmasked (RFC 6455 section 5.1), so a frame is built once and the same
bytes go to every socket. The combined form of a payload is ``{"stream":"<name>","data":<data>}``.
"""

from __future__ import annotations

from typing import Final

_FIN_TEXT: Final = 0x81
_FIN_PING: Final = 0x89
_FIN_PONG: Final = 0x8A


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked text frame that carries ``payload``."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN_TEXT, length)) + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def ping_frame(payload: bytes) -> bytes:
    """Return a ping; its payload, like that of every control frame, is at most 125 bytes."""
    return bytes((_FIN_PING, len(payload))) + payload


def pong_frame(payload: bytes) -> bytes:
    """Return the answer to a ping."""
    return bytes((_FIN_PONG, len(payload))) + payload


def payload_offset(frame: bytes) -> int:
    """Return where the payload of an unmasked frame begins."""
    length = frame[1]
    if length < 126:
        return 2
    return 4 if length == 126 else 10


def prefix_of(name: str) -> bytes:
    """Return what stands before the data in the combined form."""
    return b'{"stream":"%b","data":' % name.encode()


def combined_frame(name: str, data: bytes) -> bytes:
    """Return the frame of ``data`` in the combined form."""
    return text_frame(b"%b%b}" % (prefix_of(name), data))


def raw_frame(frame: bytes, prefix_length: int) -> bytes:
    """Return the raw form of a combined frame whose data begins after ``prefix_length`` bytes."""
    return text_frame(frame[payload_offset(frame) + prefix_length : -1])


def renamed_frame(frame: bytes, prefix_length: int, prefix: bytes) -> bytes:
    """Return a combined frame with another stream's ``prefix``; the data stay as they are."""
    return text_frame(prefix + frame[payload_offset(frame) + prefix_length :])
