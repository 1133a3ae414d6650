"""Follows the frames as they are delivered, and says what the gateway must make of each.

What it finds out of order or missing, it finds in the frames themselves; ``Readings`` judges what
is shown of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.core.engine import FrameClass
from gateway.layout import Status
from tests.trust.clock import SimulatedTime
from tests.trust.counting import LOWER_RUN, Verdict
from tests.trust.history import History
from tests.trust.host import Watcher
from tests.trust.reader import Reader
from tests.trust.readings import Readings, Told
from tests.trust.stream import Stream

TWIN_NS = 6_000_000_000  # for so long the gateway may know what a second connection brought
LAG_MAX_NS = 3_500_000_000  # later than that, and it is not the present
BACKLOG_NS = 1_000_000  # within it what the kernel had queued is read
SEND_NS = 5_000_000  # an event's time is in ms, and of its sending


class Checker(Readings, Watcher):
    """The checker of one shard."""

    def __init__(
        self,
        history: History,
        reader: Reader,
        clock: SimulatedTime,
        links: dict[int, str],
        garbled: Mapping[bytes, str],
        told: Told,
    ) -> None:
        """``links``: market of each link row; two neighbours carry the same streams. ``garbled``:
        whose a frame was that cannot be read. ``told``: latest values that REST has told."""
        super().__init__(history, reader, clock, told)
        self._markets, self._garbled = links, garbled
        self._up: set[int] = set()
        self._acked_ns: dict[int, int] = {}  # when a link was subscribed, in its session
        self._twin_until: dict[int, int] = {}  # by first link of a pair
        self.unreadable = 0
        self.frames = 0
        self._before: tuple[Stream, dict[str, Any], int, int] | None = None

    def after_up(self, link: int) -> None:
        self._up.add(link)
        self._acked_ns.pop(link, None)
        self._see_twins(link)
        if link ^ 1 not in self._up:
            for stream in self.streams.values():
                if self._reader.connection_of(stream.row) == link & ~1:
                    stream.connected_ns = self._clock.mono_ns
                    stream.silence.interrupt(self._clock.mono_ns)

    def _see_twins(self, link: int) -> None:
        """What two connections bring at once is merged: no frame alone says what is missing."""
        if link ^ 1 in self._up:
            self._twin_until[link & ~1] = self._clock.mono_ns + TWIN_NS

    def _is_twin(self, link: int) -> bool:
        self._see_twins(link)
        return self._clock.mono_ns < self._twin_until.get(link & ~1, 0)

    def before(self, link: int, frame: bytes) -> None:
        self._before = None
        self.frames += 1
        try:
            message = orjson.loads(frame)
            key = f"{self._markets[link]}:{message['stream']}"
            event = message["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            self.unreadable += b'"result"' not in frame
            return
        stream = self.streams[key]
        stands_at = self._look_at_book(stream)[1] if stream.is_diff else 0
        gaps = self._reader.stream_word(stream.row, "gap_count")
        self._before = stream, event, stands_at, gaps

    def _look_at_books(self) -> None:
        for stream in self._depths.values():
            self._look_at_book(stream)

    def after(self, link: int, frame: bytes, found: FrameClass) -> None:
        if self._before is None:
            if b'"result"' in frame:
                self._note_subscribed(link)
            self._look_at_books()  # nobody knows whose frame it was
            self._check_garbled(link, frame)
            return
        stream, event, stands_at, gaps = self._before
        was_in_step = stream.is_in_step
        if stream.is_diff:
            self._look_at_book(stream)
        number = stream.number(event)
        self._note_newest(stream, number)
        stream.deliveries[number] += 1
        stream.came[number].add(self._clock.mono_ns)
        stream.heard_ns.append(self._clock.mono_ns)
        self._check_backlog(stream, event, number)
        gaps = self._reader.stream_word(stream.row, "gap_count") - gaps
        breaks = stream.breaks
        self._count_frame(link, stream, event, was_in_step, stands_at, gaps)
        if stream.deliveries[number] == 1:
            self._hear(stream, stream.breaks > breaks)  # the same once more is nothing new

    def _check_garbled(self, link: int, frame: bytes) -> None:
        """What could not be read may have been news: what is shown is not LIVE until more comes."""
        key = self._garbled.get(frame)
        if key and not self._is_twin(link):
            self._check_not_live(self.streams[key], "after a frame that cannot be read")

    def _note_subscribed(self, link: int) -> None:
        """The venue's answer to SUBSCRIBE. Of liquidations none may have been missed unsaid: over
        an outage some are, and it is told as soon as a link carries them again."""
        self._acked_ns[link] = self._clock.mono_ns
        for stream in self.streams.values():
            if stream.is_seldom and self._reader.connection_of(stream.row) == link & ~1:
                stream.breaks += stream.is_interrupted
                stream.is_subscribed, stream.is_interrupted = True, False

    def _hear(self, stream: Stream, is_missing: bool) -> None:
        if self.floor_ns > stream.silence.since_ns:
            stream.silence.interrupt(self.floor_ns)
        stream.silence.heard(self._clock.mono_ns, is_missing)

    def _count_frame(
        self,
        link: int,
        stream: Stream,
        event: dict[str, Any],
        was_in_step: bool,
        stands_at: int,
        gaps: int,
    ) -> None:
        if self._is_twin(link):
            self._take_twin(stream, event)
        elif stream.is_diff:
            self._count_diff(stream, event, was_in_step, stands_at, gaps)
        elif stream.is_candle:
            self._count(stream, stream.candles.take(event["k"]), gaps, event["k"]["t"])
        elif stream.id_name:
            verdict = stream.numbers.take(event[stream.id_name], event.get("E", 0))
            self._count(stream, verdict, gaps, event[stream.id_name])

    def _check_backlog(self, stream: Stream, event: dict[str, Any], number: int) -> None:
        """What waited while the gateway stood still, or lags far behind, is never LIVE."""
        if "E" not in event or stream.deliveries[number] > 1:  # the other link brought it in time
            return
        age_ns = self._clock.real_ns - event["E"] * 1_000_000
        awake_ns = self._clock.mono_ns - self.floor_ns
        is_backlog = awake_ns < BACKLOG_NS and age_ns > awake_ns + SEND_NS
        if not is_backlog and age_ns <= LAG_MAX_NS:
            return
        for place in self._places[stream.key]:
            if self._state(stream, place) == (Status.LIVE, number):
                age = f"{age_ns / 1e9:.1f} s"
                self.wrong(f"{stream.key}: {place[0].name} is LIVE with an event {age} old")

    def _take_twin(self, stream: Stream, event: dict[str, Any]) -> None:
        stream.was_twin = True
        if stream.is_diff:
            stream.chain.is_torn(event)
            stream.chain.rest()
        if stream.is_candle:
            stream.candles.take(event["k"])
        elif stream.id_name:
            stream.numbers.take(event[stream.id_name], event.get("E", 0))

    def _note_newest(self, stream: Stream, number: int) -> None:
        newest = stream.newest
        if newest is not None and self._is_newer_era(stream, number, newest[0]):
            stream.lower_run += 1
            if stream.lower_run < LOWER_RUN:  # by its id alone it could be a late one
                return
        elif newest is not None and number <= newest[0]:
            return
        stream.lower_run = 0
        stream.newest = (number, self._awake_ns)

    def _count_diff(
        self, stream: Stream, event: dict[str, Any], is_in_step: bool, stands_at: int, gaps: int
    ) -> None:
        is_torn = stream.chain.is_torn(event)
        if not is_in_step:
            stream.chain.rest()
            stream.breaks += gaps
            if gaps > is_torn:
                self.wrong(f"{stream.key}: {gaps} gaps at {event['u']}, and nothing was missing")
            return
        verdict = stream.chain.take(event, stands_at)
        self._count(stream, verdict, gaps, event["u"])
        if verdict is Verdict.BREAK:
            self._check_not_live(stream, f"after the break at {event['U']}..{event['u']}")

    def _count(self, stream: Stream, verdict: Verdict, gaps: int, number: int) -> None:
        stream.breaks += verdict is Verdict.BREAK
        stream.agains += verdict is Verdict.AGAIN
        stream.restarts += verdict is Verdict.RESTART
        if gaps != (verdict is Verdict.BREAK):
            self.wrong(f"{stream.key}: {gaps} gaps counted at id {number}, which is {verdict.name}")

    def _relieve(self, link: int, heard_ns: int) -> None:
        """One connection of two goes. It carried liquidations until its last sign of life, a pong
        too; the other one does so since the answer to its SUBSCRIBE."""
        own, other = self._acked_ns.get(link), self._acked_ns.get(link ^ 1)
        for stream in self.streams.values():
            is_of_link = self._reader.connection_of(stream.row) == link & ~1
            if not stream.is_seldom or not is_of_link or own is None:
                continue
            if other is None:
                stream.is_interrupted = True
            elif heard_ns < other:
                stream.breaks += 1
            elif heard_ns - 2 * LAG_MAX_NS < other:
                stream.was_twin = True  # that depends on how late it was

    def after_down(self, link: int, heard_ns: int) -> None:
        """A connection was lost: what came over it is not LIVE from this very moment."""
        self._up.discard(link)
        self._look_at_books()
        if link ^ 1 in self._up:
            self._relieve(link, heard_ns)
            return
        for stream in self.streams.values():
            if self._reader.connection_of(stream.row) == link & ~1:
                stream.numbers.is_new_session = True
                stream.is_interrupted |= stream.is_seldom and stream.is_subscribed
                stream.silence.interrupt(self._clock.mono_ns)
                self._check_not_live(stream, "and nothing is connected")

    def _check_not_live(self, stream: Stream, why: str) -> None:
        """Nothing of what a stream feeds is LIVE."""
        for place in self._places[stream.key]:
            if self._reader.state(*place)[0] == Status.LIVE:
                self.wrong(f"{stream.key}: {place[0].name} is LIVE, {why}")
