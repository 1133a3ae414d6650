"""Readers of recorded market data: bytes of a file in, frames with receive times out.

Three line formats, gzipped or plain, told apart line by line:

    <time, integer s/ms/us/ns since the epoch> <frame or REST depth body>     a stamped line
    <time, s.float>: <frame>          and     <url> -> <time>: <REST body>    playback of one
    <wss url> <-> <time>              and     configuration: ...              recorder

A frame is ``{"stream":"<name>","data":<data>}``. Playback may be one file (.all) or come apart
(.ws, .http, .sync). Nothing is decoded here but the envelope; the order of a file is kept.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from gateway.errors import DataFileError, DataFileMissing
from gateway.simulator.names import Market

SNAPSHOT: Final = -1  # stands in ``Capture.streams`` for a REST depth body
_ENVELOPE: Final = re.compile(rb'\{\s*"stream"\s*:\s*"([^"\\]+)"\s*,\s*"data"\s*:')
_DATA: Final = b'"data":'
_CONTROL: Final = re.compile(rb'\{\s*"(result|error|id)"\s*:')
_PLAYED: Final = re.compile(rb"(\d{9,10}(?:\.\d+)?): ([\[{].*[\]}])", re.DOTALL)
_ANSWERED: Final = re.compile(rb"(https?://\S+) -> (\d{9,10}(?:\.\d+)?): ([\[{].*[\]}])", re.DOTALL)
_CONNECTED: Final = re.compile(rb"(wss?://\S+) <-> (\d{9,10}(?:\.\d+)?)")
_NS_PER_UNIT: Final = {19: 1, 16: 1000, 13: 1_000_000, 10: 1_000_000_000}
_REMEDY: Final = "replay a whole capture, in one of the formats of 'gateway simulate --help'"


@dataclass(slots=True)
class CaptureStream:
    """A stream of a file: its name, and the very bytes that stand before its data."""

    name: str
    prefix: bytes


@dataclass(slots=True)
class Capture:
    """One file's frames and REST depth bodies, in its order; the lists run in parallel."""

    path: str
    market: Market | None = None  # as its addresses tell; the frames may tell more
    times: array[int] = field(default_factory=lambda: array("q"))  # ns since the epoch
    lines: array[int] = field(default_factory=lambda: array("l"))  # line number, from 1
    streams: array[int] = field(default_factory=lambda: array("i"))  # into ``names``, or SNAPSHOT
    bodies: list[bytes] = field(default_factory=list)
    names: list[CaptureStream] = field(default_factory=list)
    snapshot_symbols: dict[int, str] = field(default_factory=dict)  # index -> symbol of the url
    by_prefix: dict[bytes, int] = field(default_factory=dict)

    def error(self, index: int, problem: str) -> DataFileError:
        """Return the error that names this file and the line of record ``index``."""
        return DataFileError(f"{self.path}:{self.lines[index]}", problem, _REMEDY)

    def add(self, time_ns: int, line: int, stream: int, body: bytes) -> None:
        """Append a record."""
        self.times.append(time_ns)
        self.lines.append(line)
        self.streams.append(stream)
        self.bodies.append(body)


def read_capture(path: Path | str) -> Capture:
    """Read a recorded file, gzipped or plain.

    Raises DataFileMissing when it cannot be opened, DataFileError with file and line when it is
    malformed or ends early.
    """
    capture = Capture(str(path))
    count = 0
    try:
        with open(path, "rb") as file:
            is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
            # BufferedReader: lines at C speed; GzipFile.readline alone is several times slower.
            lines = io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20) if is_gzip else file
            for line in lines:
                count += 1
                _read_line(capture, line.strip(), count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise DataFileError(
            f"{path}:{count + 1}", "the gzip data are truncated or damaged", _REMEDY
        ) from exc
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise DataFileMissing(path, f"cannot be read: {reason}", "check the path given") from exc
    return capture


def parse_lines(path: str, lines: Iterable[bytes]) -> Capture:
    """Read lines that are in memory; ``path`` names them in errors."""
    capture = Capture(path)
    for number, line in enumerate(lines, 1):
        _read_line(capture, line.strip(), number)
    return capture


def _read_line(capture: Capture, line: bytes, number: int) -> None:
    stamp, _, body = line.partition(b" ")
    if stamp.isdigit() and body[:1] == b"{" and body[-1:] == b"}":
        unit = _NS_PER_UNIT.get(len(stamp))
        if unit is None:
            raise _bad_line(capture, number, "its time is not in s, ms, us or ns")
        _add_frame(capture, int(stamp) * unit, number, body)
    elif played := _PLAYED.fullmatch(line):
        _add_frame(capture, _seconds(played[1]), number, played[2])
    elif answered := _ANSWERED.fullmatch(line):
        _add_answer(capture, number, answered)
    elif connected := _CONNECTED.fullmatch(line):
        capture.market = capture.market or _market_of_url(connected[1].decode())
    elif line and not line.startswith(b"configuration: {"):
        raise _bad_line(capture, number, "is not a line of a capture, or is cut off")


def _bad_line(capture: Capture, number: int, problem: str) -> DataFileError:
    return DataFileError(f"{capture.path}:{number}", problem, _REMEDY)


def _seconds(text: bytes) -> int:
    return round(float(text) * 1e9)


def _add_frame(capture: Capture, time_ns: int, number: int, frame: bytes) -> None:
    prefix = frame[: frame.find(_DATA) + len(_DATA)]
    stream = capture.by_prefix.get(prefix)
    if stream is None:
        envelope = _ENVELOPE.match(frame)
        if envelope is None:
            _add_other(capture, time_ns, number, frame)
            return
        prefix = envelope[0]
        stream = capture.by_prefix.get(prefix)
        if stream is None:
            stream = capture.by_prefix[prefix] = len(capture.names)
            capture.names.append(CaptureStream(envelope[1].decode(), prefix))
    capture.add(time_ns, number, stream, frame)


def _add_other(capture: Capture, time_ns: int, number: int, body: bytes) -> None:
    # The snapshot stands inline, body only; acks of the recorder's own requests carry no data.
    if b'"lastUpdateId"' in body[:64]:
        capture.add(time_ns, number, SNAPSHOT, body)
    elif not _CONTROL.match(body):
        raise _bad_line(capture, number, "is neither a combined-stream frame nor a depth answer")


def _add_answer(capture: Capture, number: int, answered: re.Match[bytes]) -> None:
    url = answered[1].decode()
    capture.market = capture.market or _market_of_url(url)
    address = urlsplit(url)
    if not address.path.endswith("/depth"):
        return
    symbol = parse_qs(address.query).get("symbol", [""])[0].upper()
    capture.snapshot_symbols[len(capture.bodies)] = symbol
    capture.add(_seconds(answered[2]), number, SNAPSHOT, answered[3])


def _market_of_url(url: str) -> Market | None:
    address = urlsplit(url)
    host = address.hostname or ""
    if "/fapi/" in address.path or host.startswith("fstream"):
        return Market.USDM
    if "/dapi/" in address.path or host.startswith("dstream"):
        return Market.COINM
    if address.path.startswith("/api/") or host.startswith("stream"):
        return Market.SPOT
    return None
