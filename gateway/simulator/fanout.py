"""Which recorded stream goes to which socket in which form, and the loop that sends frames.

The table is worked out anew when subscriptions change, so that sending a frame costs a look-up and
an append: the frame's bytes are shared by all sockets. A capture's diff depth serves every diff
speed; only the name in the envelope is another then.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.simulator.faults import Drops
from gateway.simulator.frames import prefix_of, raw_frame, renamed_frame
from gateway.simulator.hub import Hub, Outlet
from gateway.simulator.names import Kind, Market, StreamName, parse_stream
from gateway.simulator.timeline import Timeline

Push = Callable[[bytes], None]


class Fanout:
    """The sending side of a replay; one owner."""

    def __init__(self, timeline: Timeline, hub: Hub, drops: Drops) -> None:
        self.books_wanted: frozenset[str] = frozenset()  # instruments with diff depth subscribed
        self._timeline = timeline
        self._hub = hub
        self._drops = drops
        self._version = -1
        count = len(timeline.tracks)
        self._pushes: list[list[Push] | None] = [None] * count
        self._unaltered: list[int] = [0] * count  # how many of the pushes take the frame as it is
        self._sent: list[int] = [0] * count
        self._faulty: list[bool] = [False] * count

    def send(self, start: int, stop: int, bytes_max: int) -> int:
        """Queue the frames from ``start`` to before ``stop`` for those who subscribed them.

        Stops early after ``bytes_max``; returns the position reached.
        """
        frames, tracks_of = self._timeline.frames, self._timeline.tracks_of
        pushes, sent, unaltered, faulty = self._pushes, self._sent, self._unaltered, self._faulty
        for index in range(start, stop):
            track = tracks_of[index]
            takers = pushes[track]
            if takers is None or (faulty[track] and self._is_dropped(track)):
                continue
            sent[track] += unaltered[track]
            frame = frames[index]
            for push in takers:
                push(frame)
            bytes_max -= len(frame)
            if bytes_max < 0:
                return index + 1
        return stop

    def _is_dropped(self, track: int) -> bool:
        name = self._timeline.tracks[track].name
        return self._drops.take(name.key, name.kind is Kind.DIFF)

    def arm_drop(self, stream: str, count: int) -> bool:
        """Drop the next frames of what serves ``stream``; False when nothing does."""
        wanted = _parse_key(stream)
        keys = {track.name.key for track in self._timeline.tracks if _serves(track.name, wanted)}
        for key in keys:
            self._drops.arm(key, count)
        self._version = -1
        return bool(keys)

    def refresh(self) -> bool:
        """Work the table out anew if subscriptions changed, and say whether they did."""
        if self._version == self._hub.version:
            return False
        self.settle_counts()
        self._version = self._hub.version
        tracks = self._timeline.tracks
        self._pushes = [None] * len(tracks)
        self._unaltered = [0] * len(tracks)
        wanted = [_parse_key(key) for key in self._hub.keys]
        for name in wanted:
            self._connect(name)
        self.books_wanted = frozenset(
            f"{name.market}:{name.symbol}" for name in wanted if name.kind is Kind.DIFF
        )
        self._faulty = [
            self._drops.concerns(track.name.key, track.name.kind is Kind.DIFF) for track in tracks
        ]
        return True

    def _connect(self, wanted: StreamName) -> None:
        for number, track in enumerate(self._timeline.tracks):
            if not _serves(track.name, wanted):
                continue
            pushes = self._pushes[number] or []
            for outlet in self._hub.outlets_of(wanted.key):
                if outlet.combined and wanted == track.name:
                    pushes.append(self._hub.way(wanted.key, outlet))
                    self._unaltered[number] += 1
                else:
                    pushes.append(self._altered(wanted, track.prefix_length, outlet))
            self._pushes[number] = pushes

    def _altered(self, wanted: StreamName, prefix_length: int, outlet: Outlet) -> Push:
        # Takes the envelope off, or writes another name in it; the data stay as they are.
        sent, key = self._hub.sent, wanted.key
        prefix = prefix_of(wanted.text)

        def form(frame: bytes) -> bytes:
            if outlet.combined:
                return renamed_frame(frame, prefix_length, prefix)
            return raw_frame(frame, prefix_length)

        way = self._hub.way(key, outlet, form)

        def push(frame: bytes) -> None:
            sent[key] += 1
            way(frame)

        return push

    def settle_counts(self) -> None:
        """Bring the hub's counts up to date."""
        for number, count in enumerate(self._sent):
            if count:
                self._hub.sent[self._timeline.tracks[number].name.key] += count
                self._sent[number] = 0


def _parse_key(key: str) -> StreamName:
    market, _, text = key.partition(":")
    return parse_stream(Market(market), text)


def _serves(recorded: StreamName, wanted: StreamName) -> bool:
    if recorded == wanted:
        return True
    is_diff = recorded.kind is Kind.DIFF and wanted.kind is Kind.DIFF
    return is_diff and (recorded.market, recorded.symbol) == (wanted.market, wanted.symbol)
