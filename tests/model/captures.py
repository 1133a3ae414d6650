"""Recorded sessions as events in arrival order, and what PROVENANCE.md found in them.

Formats (PROVENANCE.md): lines ``<time> <combined frame or REST depth body>``; playback files with
``<time>: <frame>`` and ``<url> -> <time>: <body>``, whole or as a ``.ws``/``.http`` pair that is
merged by receive time. Other lines (connect, configuration) carry no data.
"""

from __future__ import annotations

import gzip
import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.layout import Market

_LINE = re.compile(rb"([0-9]+(?:\.[0-9]+)?):? (\{.*\})\Z")
_REST = re.compile(rb"https://\S*/depth\?symbol=(\w+)\S* -> ([0-9.]+): (\{.*\})\Z")
_FRAME = re.compile(rb'\{"stream":"([^"]+)","data":(.*)\}\Z')
_FILES = re.compile(r"`(captures/[^`]+)`")
_BOOK = re.compile(
    r"^  (\w+) depth (\d+) \S+ breaks=0 \| (?:no snapshot"
    r"|snap L=(\d+) .*?applied=(\d+) crossed=0 .*?bookTicker match (\d+)/(\d+))",
)


@dataclass(frozen=True, slots=True)
class Event:
    """A frame (``stream`` set) or a REST depth answer (``stream`` empty) as it arrived."""

    time: float  # seconds since the Unix epoch, of the recorder's clock
    stream: str
    symbol: str  # uppercase; of REST answers without a URL: empty
    data: bytes  # the event inside the envelope, or the body


@dataclass(frozen=True, slots=True)
class Found:
    """PROVENANCE's count for one book; ``snapshot_id`` None: there is no snapshot."""

    diffs: int
    snapshot_id: int | None = None
    applied: int = 0
    matched: int = 0
    compared: int = 0


@dataclass(slots=True)
class Session:
    """Files that were recorded together, in order."""

    title: str
    files: list[str]
    books: dict[str, Found] = field(default_factory=dict)

    @property
    def market(self) -> Market:
        name = self.files[0]
        if "/usdm/" in name or "FUTURES" in name:
            return Market.USDM
        return Market.COINM if "/coinm/" in name or "DELIVERY" in name else Market.SPOT

    @property
    def name(self) -> str:
        return self.files[0].removeprefix("captures/").partition(".")[0].replace("/", "-")


def sessions(provenance: str) -> list[Session]:
    """Return the contiguous captures that PROVENANCE.md describes."""
    found: list[Session] = []
    for line in provenance.partition("\n## Other files")[0].splitlines():
        if line.startswith("### "):
            found.append(Session(line.removeprefix("### "), []))
        elif line.startswith("- files: "):
            found[-1].files += _FILES.findall(line)
        elif match := _BOOK.match(line):
            symbol, diffs, *rest = match.groups()
            counts = [int(count) for count in rest] if rest[0] else []
            found[-1].books[symbol] = Found(int(diffs), *counts)
    return found


def events(shared_data: Path, session: Session) -> Iterator[Event]:
    """Yield frames and REST answers of a session in arrival order."""
    paths = [shared_data / name for name in session.files if ".sync." not in name]
    if any(".http." in path.name for path in paths):
        return heapq.merge(*map(_read, paths), key=lambda event: event.time)
    return (event for path in paths for event in _read(path))


def _read(path: Path) -> Iterator[Event]:
    with gzip.open(path) as lines:
        for line in lines:
            event = _parse(line.rstrip(b"\r\n"))
            if event is not None:
                yield event


def _parse(line: bytes) -> Event | None:
    if match := _LINE.match(line):
        time = float(match[1])
        frame = _FRAME.match(match[2])
        if frame is None:
            return Event(time, "", "", match[2])
        stream = frame[1].decode()
        return Event(time, stream, stream.partition("@")[0].upper(), frame[2])
    if match := _REST.match(line):
        return Event(float(match[2]), "", match[1].decode(), match[3])
    return None
