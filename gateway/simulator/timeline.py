"""Captures joined into one timeline: what is sent, when, and what is true at each point.

Files of the same market and instruments are one session (files that follow each other, or the
.ws/.http pair of a playback) and are merged by receive time. Sessions of different instruments are
laid over each other by the time since their own first record, so recordings of different days can
be replayed together. Every frame is held once, as the WebSocket frame that goes on the wire.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.errors import DataFileError, UsageError
from gateway.simulator.captures import SNAPSHOT, Capture, read_capture
from gateway.simulator.frames import payload_offset, text_frame
from gateway.simulator.names import Kind, Market, StreamName, is_coinm_symbol, parse_stream
from gateway.simulator.tape import SymbolTape

_SESSION_BREAK_NS: Final = 60 * 1_000_000_000
_MALFORMED: Final = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)  # of data read as it is not
Key = tuple[Market, str]


@dataclass(frozen=True, slots=True)
class Track:
    """A stream of the timeline: its name, and how long the bytes before its data are."""

    name: StreamName
    prefix_length: int
    tape: SymbolTape


@dataclass(slots=True)
class Timeline:
    """Frames of all sessions in the order they are sent; the first three run in parallel."""

    offsets: array[int] = field(default_factory=lambda: array("q"))  # ns since the start
    tracks_of: array[int] = field(default_factory=lambda: array("i"))  # into ``tracks``
    frames: list[bytes] = field(default_factory=list)  # WebSocket frames, combined form
    tracks: list[Track] = field(default_factory=list)
    tapes: dict[Key, SymbolTape] = field(default_factory=dict)
    start_ns: int = 0  # receive time of the first record of the first session


@dataclass(slots=True)
class _Session:
    market: Market
    symbols: set[str]
    captures: list[Capture]

    @property
    def start_ns(self) -> int:
        return min(capture.times[0] for capture in self.captures)


def load_timeline(paths: Sequence[Path | str]) -> Timeline:
    """Read capture files into a timeline.

    Raises DataFileError, DataFileMissing, and UsageError when files do not fit together.
    """
    captures = [read_capture(path) for path in paths]
    sessions = _sessions([capture for capture in captures if capture.bodies])
    timeline = _merge(sessions)
    if not timeline.frames:
        names = ", ".join(str(path) for path in paths)
        raise DataFileError(names, "holds no stream frames", "name the file with the frames (.ws)")
    return timeline


def _sessions(captures: list[Capture]) -> list[_Session]:
    sessions: list[_Session] = []
    for capture in captures:
        market = _market(capture)
        joined = _Session(market, _symbols(capture, market), [capture])
        apart = []
        for session in sessions:
            if session.market is market and session.symbols & joined.symbols:
                joined.symbols |= session.symbols
                joined.captures = session.captures + joined.captures
            else:
                apart.append(session)
        sessions = [*apart, joined]
    for session in sessions:
        _check_follows(session)
    return sessions


def _check_follows(session: _Session) -> None:
    session.captures.sort(key=lambda capture: capture.times[0])
    end = session.captures[0].times[-1]
    for before, after in pairwise(session.captures):
        if after.times[0] - end > _SESSION_BREAK_NS:
            raise UsageError(
                after.path,
                f"does not continue {before.path}, which has the same instruments",
                "replay recordings of one instrument one at a time",
            )
        end = max(end, after.times[-1])


def _market(capture: Capture) -> Market:
    """Tell the market by address, else by the shape of the frames, else by the folder's name."""
    if capture.market is not None:
        return capture.market
    shaped = (
        _market_of_data(_data_of(capture, index, len(capture.names[stream].prefix)))
        for index, stream in enumerate(capture.streams)
        if stream != SNAPSHOT
    )
    market = next((found for found in shaped if found is not None), None)
    folders = [Market(part) for part in Path(capture.path).parts if part in list(Market)]
    if market is None and not folders:
        raise DataFileError(
            capture.path, "does not show its market", "put it in a folder spot, usdm or coinm"
        )
    return market or folders[-1]


def _market_of_data(data: Any) -> Market | None:
    if not isinstance(data, dict) or "s" not in data:
        return None
    event = data.get("e")
    if event is None or "M" in data or (event == "depthUpdate" and "pu" not in data):
        return Market.SPOT
    if event in ("bookTicker", "depthUpdate", "markPriceUpdate") or "X" in data or "st" in data:
        is_coinm = data.get("st") == 2 or is_coinm_symbol(str(data["s"]))
        return Market.COINM if is_coinm else Market.USDM
    return None


def _symbols(capture: Capture, market: Market) -> set[str]:
    named = {parse_stream(market, stream.name).symbol for stream in capture.names}
    return (named | set(capture.snapshot_symbols.values())) - {""}


def _data_of(capture: Capture, index: int, offset: int) -> Any:
    try:
        return orjson.loads(capture.bodies[index][offset:-1])
    except orjson.JSONDecodeError as exc:
        raise capture.error(index, f"the frame is not JSON or is cut off ({exc})") from exc


def _merge(sessions: list[_Session]) -> Timeline:
    """Order all records by time since their session's start; each file keeps its own order."""
    timeline = Timeline(start_ns=sessions[0].start_ns if sessions else 0)
    offsets = array("q")
    places: list[tuple[_Session, Capture, int]] = []
    for session in sessions:
        for capture in session.captures:
            latest = 0
            for index, time_ns in enumerate(capture.times):
                latest = max(latest, time_ns - session.start_ns)
                offsets.append(latest)
                places.append((session, capture, index))
    order = sorted(range(len(offsets)), key=offsets.__getitem__)
    builder = _Builder(timeline, sessions)
    builder.find_snapshots([places[number] for number in order])
    for number in order:
        _, capture, index = places[number]
        if capture.streams[index] != SNAPSHOT:
            builder.add(capture, index, offsets[number])
    for tape in timeline.tapes.values():
        tape.settle()
    return timeline


class _Builder:
    """Fills a timeline, record by record."""

    def __init__(self, timeline: Timeline, sessions: list[_Session]) -> None:
        self._timeline = timeline
        self._tracks: dict[int, list[int]] = {}  # id of a capture -> track of each of its streams
        for session in sessions:
            for capture in session.captures:
                self._tracks[id(capture)] = [
                    self._add_track(parse_stream(session.market, stream.name), len(stream.prefix))
                    for stream in capture.names
                ]

    def _add_track(self, name: StreamName, prefix_length: int) -> int:
        for number, track in enumerate(self._timeline.tracks):
            if track.name == name and track.prefix_length == prefix_length:
                return number
        self._timeline.tracks.append(
            Track(name, prefix_length, self._tape(name.market, name.symbol))
        )
        return len(self._timeline.tracks) - 1

    def _tape(self, market: Market, symbol: str) -> SymbolTape:
        key = (market, symbol)
        tape = self._timeline.tapes.get(key)
        if tape is None:
            tape = SymbolTape(market, symbol)
            if symbol:
                self._timeline.tapes[key] = tape
        return tape

    def find_snapshots(self, places: list[tuple[_Session, Capture, int]]) -> None:
        """Give each tape its snapshot, so that diffs can be judged as they are read."""
        position = 0
        for session, capture, index in places:
            if capture.streams[index] != SNAPSHOT:
                position += 1
                continue
            try:
                body = orjson.loads(capture.bodies[index])
                symbol = self._snapshot_symbol(session, capture, index, body)
                self._tape(session.market, symbol).start(position, body)
            except _MALFORMED as exc:
                raise capture.error(index, f"the depth answer cannot be read ({exc!r})") from exc

    def _snapshot_symbol(
        self, session: _Session, capture: Capture, index: int, body: dict[str, Any]
    ) -> str:
        symbol = capture.snapshot_symbols.get(index) or str(body.get("symbol", ""))
        if not symbol and len(session.symbols) != 1:
            raise capture.error(index, "the depth answer does not name its symbol")
        return symbol or next(iter(session.symbols))

    def add(self, capture: Capture, index: int, offset_ns: int) -> None:
        """Append a frame."""
        timeline = self._timeline
        number = self._tracks[id(capture)][capture.streams[index]]
        track = timeline.tracks[number]
        data = _data_of(capture, index, track.prefix_length)
        frame = text_frame(capture.bodies[index])
        if track.name.kind is not Kind.OTHER:
            diff = (frame, payload_offset(frame) + track.prefix_length)
            try:
                track.tape.feed(track.name.kind, len(timeline.frames), data, diff)
            except _MALFORMED as exc:
                raise capture.error(index, f"{track.name.text} cannot be read ({exc!r})") from exc
        timeline.offsets.append(offset_ns)
        timeline.tracks_of.append(number)
        timeline.frames.append(frame)
        capture.bodies[index] = b""  # the frame holds the bytes now
