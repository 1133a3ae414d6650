"""Judges what readers are shown; it knows the truth, and believes nothing the gateway says.

Wrong is: a value that is called LIVE and differs from the truth at its update id; a crossed book
that is called LIVE; one that stays LIVE though newer data were delivered, or though its stream is
silent for longer than its own limit.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import orjson

from gateway.core.engine import FrameClass
from gateway.layout import SectionKind, Source, Status
from tests.trust.clock import SimulatedTime
from tests.trust.counting import LOWER_RUN, Verdict
from tests.trust.history import History
from tests.trust.host import Watcher
from tests.trust.reader import BookRead, Mark, QuoteRead, Reader
from tests.trust.stream import Stream
from tests.trust.truth import Book, Level, digits

OUT_OF_LIVE = (Status.STALE, Status.HALTED)  # a book goes on in step, if it was
BEHIND_MAX_NS = 1_000_000_000  # that a LIVE value may lag behind what was delivered, awake
SILENT_MAX_NS = 1_000_000_000  # beyond a stream's limit
TWIN_NS = 6_000_000_000  # for so long the gateway may know what a second connection brought
HEARTBEAT_MAX_NS = 1_000_000_000
LAG_MAX_NS = 3_500_000_000  # later than that, and it is not the present
BACKLOG_NS = 1_000_000  # within it what the kernel had queued is read
SEND_NS = 5_000_000  # an event's time is in ms, and of its sending
LEVELS_SHOWN = 20
DEAD = 255  # a status that readers add
MISTAKES_KEPT = 20


class Checker(Watcher):
    """One reader of one segment, with the truth at hand."""

    def __init__(
        self, history: History, reader: Reader, clock: SimulatedTime, links: dict[int, str]
    ) -> None:
        """``links``: market of each link row; two neighbours carry the same streams."""
        self._history, self._reader, self._clock = history, reader, clock
        self._markets = links
        self._up: set[int] = set()
        self._twin_until: dict[int, int] = {}  # by first link of a pair
        self.streams = {key: Stream(key, row) for key, row in reader.streams.items()}
        self.mistakes: list[str] = []
        self.mistake_count = 0
        self.reads = 0
        self.live = 0
        self.states: Counter[int] = Counter()
        self.recoveries_s: list[float] = []
        self.unreadable = 0
        self.frames = 0
        self._lost_at: dict[str, int] = {}
        self._judged: dict[str, tuple[int, int]] = {}
        self._before: tuple[Stream, dict[str, Any], int, int] | None = None
        self._depths = {s.name: s for s in self.streams.values() if s.is_diff}
        self._quotes = {s.name: s for s in self.streams.values() if s.is_quote}
        self._made = {n: s for n, s in self._depths.items() if n not in self._quotes}
        self._received: dict[tuple[SectionKind, int], Mark] = {}
        self._answers: set[int] = set()  # when snapshots came
        self.bounded = self.from_books = 0
        if reader.timeout_ns > HEARTBEAT_MAX_NS:
            self.wrong(f"a writer that stands still is noticed after {reader.timeout_ns} ns only")
        self.floor_ns = 0  # silence counts from here: the gateway itself stood still until then
        self._slept_ns = 0
        self._asleep_since: int | None = None

    def wrong(self, what: str) -> None:
        self.mistake_count += 1
        if len(self.mistakes) < MISTAKES_KEPT:
            self.mistakes.append(f"{(self._clock.mono_ns - 10**12) / 1e9:.3f} s: {what}")

    # The gateway stands still now and then. That its values are old then is what DEAD tells.

    def falls_asleep(self) -> None:
        self._asleep_since = self._clock.mono_ns

    def wakes_up(self) -> None:
        self._slept_ns = self._clock.mono_ns - self._awake_ns
        self._asleep_since = None

    @property
    def _awake_ns(self) -> int:
        """A clock that stands still while the gateway does."""
        asleep = self._asleep_since
        return (self._clock.mono_ns if asleep is None else asleep) - self._slept_ns

    # Frames as they are delivered.

    def after_up(self, link: int) -> None:
        self._up.add(link)
        self._see_twins(link)
        if link ^ 1 not in self._up:
            for stream in self.streams.values():
                if self._reader.connection_of(stream.row) == link & ~1:
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

    def _look_at_book(self, stream: Stream) -> tuple[int, int]:
        """Status and update id of a book. STALE and HALTED alone do not say whether the book is in
        step: one is that was LIVE, or goes on; one is not that has no snapshot yet."""
        row = self._reader.symbols[stream.name]
        status, stands_at = self._reader.state(SectionKind.BOOK, row)
        if status not in OUT_OF_LIVE:
            stream.is_in_step = status == Status.LIVE
        elif stands_at != stream.stood_at:
            stream.is_in_step = True
        stream.stood_at = stands_at
        return status, stands_at

    def _look_at_books(self) -> None:
        for stream in self._depths.values():
            self._look_at_book(stream)

    def after(self, link: int, frame: bytes, found: FrameClass) -> None:
        if self._before is None:
            self._look_at_books()  # nobody knows whose frame it was
            return
        stream, event, stands_at, gaps = self._before
        was_in_step = stream.is_in_step
        if stream.is_diff:
            self._look_at_book(stream)
        if stream.id_name:
            self._note_newest(stream, event[stream.id_name])
            stream.deliveries[event[stream.id_name]] += 1
            stream.came[event[stream.id_name]].add(self._clock.mono_ns)
        self._check_backlog(stream, event)
        gaps = self._reader.stream_word(stream.row, "gap_count") - gaps
        breaks = stream.breaks
        self._count_frame(link, stream, event, was_in_step, stands_at, gaps)
        if not stream.id_name or stream.deliveries[event[stream.id_name]] == 1:
            self._hear(stream, stream.breaks > breaks)  # the same once more is nothing new

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

    def _check_backlog(self, stream: Stream, event: dict[str, Any]) -> None:
        """What waited while the gateway stood still, or lags far behind, is never LIVE."""
        sent_ns = event.get("E", 0) * 1_000_000
        age_ns = self._clock.real_ns - sent_ns
        awake_ns = self._clock.mono_ns - self.floor_ns
        is_backlog = awake_ns < BACKLOG_NS and age_ns > awake_ns + SEND_NS
        if not stream.is_diff or not (is_backlog or age_ns > LAG_MAX_NS):
            return
        row = self._reader.symbols[stream.name]
        if self._reader.state(SectionKind.BOOK, row) == (Status.LIVE, event["u"]):
            self.wrong(f"{stream.key}: LIVE with an event that is {age_ns / 1e9:.1f} s old")

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

    def _is_newer_era(self, stream: Stream, number: int, before: int) -> bool:
        return self._era_of(stream, number) > self._era_of(stream, before)

    def _era_of(self, stream: Stream, number: int) -> int:
        """How often ids had begun anew when this one was given; it may have begun anew since."""
        if stream.is_dense:
            return self._history.era_of(stream.key, number)
        return self._history.books[stream.name].era_of(number) or 0

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

    def after_down(self, link: int) -> None:
        """A connection was lost: what came over it is not LIVE from this very moment."""
        self._up.discard(link)
        self._look_at_books()
        if link ^ 1 in self._up:
            return
        for stream in self.streams.values():
            if self._reader.connection_of(stream.row) == link & ~1:
                stream.numbers.is_new_session = True
                stream.silence.interrupt(self._clock.mono_ns)
                self._check_not_live(stream, "and nothing is connected")

    def _check_not_live(self, stream: Stream, why: str) -> None:
        """Nothing of what a stream feeds is LIVE."""
        row = self._reader.symbols[stream.name]
        for kind in self._fed_by(stream):
            if self._reader.state(kind, row)[0] == Status.LIVE:
                self.wrong(f"{stream.key}: {kind.name} is LIVE, {why}")

    def _fed_by(self, stream: Stream) -> list[SectionKind]:
        """The slots by symbol that a stream feeds."""
        if stream.is_diff:
            is_quote_made = stream.name in self._made
            return [SectionKind.BOOK, SectionKind.QUOTE] if is_quote_made else [SectionKind.BOOK]
        if stream.is_quote:
            return [SectionKind.QUOTE]
        return [SectionKind.LAST_TRADE] if self._trades.get(stream.name) is stream else []

    # Reads at any moment.

    def counters(self) -> Any:
        return self._reader.counters()

    def book_statuses(self) -> dict[str, int]:
        """Status of every book as its slot has it."""
        rows = self._reader.symbols
        return {n: self._reader.state(SectionKind.BOOK, rows[n])[0] for n in self._depths}

    def read_all(self) -> None:
        """Read every slot once, as a client would, and judge it."""
        dead = self._reader.is_dead(self._clock.mono_ns)
        for name in self._depths:
            self._read_book(name, dead)
        for name in self._quotes:
            self._read_quote(name, dead)
        for name in self._made:
            self._read_made_quote(name, dead)
        self._read_trades(dead)
        self._check_received()

    def _check_received(self) -> None:
        """Whether LIVE or not, a value is as old as the frame that brought it."""
        for stream in self.streams.values():
            for kind in self._fed_by(stream):
                row = self._reader.symbols[stream.name]
                mark = self._reader.mark(kind, row)
                if mark is None or mark == self._received.get((kind, row)):
                    continue
                self._received[kind, row] = mark
                self._judge_mark(stream, kind, mark)

    def snapshot_came(self) -> None:
        """A snapshot is at the gateway: the book that it makes, with what waited, is of now."""
        self._answers.add(self._clock.mono_ns)

    def _judge_mark(self, stream: Stream, kind: SectionKind, mark: Mark) -> None:
        if not mark.update_id:
            return  # there was no value yet, only a status
        where = f"{stream.key}: {kind.name} {Status(mark.status).name} at {mark.update_id}"
        came = stream.came.get(mark.update_id, set())
        is_joined = stream.is_diff and mark.mono_recv in self._answers
        if mark.mono_recv not in came and not is_joined:
            late = [(mark.mono_recv - at) / 1e9 for at in sorted(came)]
            self.wrong(f"{where}: said to have come {late} s after it came")
        if mark.ts_recv - mark.mono_recv != self._clock.real_ns - self._clock.mono_ns:
            self.wrong(f"{where}: ts_recv and mono_recv are of two moments")

    def _is_live(self, status: int, dead: bool) -> bool:
        self.reads += 1
        self.states[DEAD if dead else status] += 1
        if dead or status != Status.LIVE:
            return False
        self.live += 1
        return True

    def _read_book(self, name: str, dead: bool) -> None:
        row = self._reader.symbols[name]
        status, update_id = self._look_at_book(self._depths[name])
        self._time_recovery(name, status)
        if not self._is_live(status, dead):
            return
        self._check_age(self._depths[name], update_id)
        if self._judged.get(name) == (status, update_id):
            return
        read = self._reader.book(row)
        assert read is not None
        era = self._history.books[name].era_of(update_id)
        if era is None:
            self.wrong(f"{name}: LIVE at {update_id}, an id that never was")
            return
        self.bounded += read.bid_complete is not None or read.ask_complete is not None
        self._judge_book(name, read, self._history.books[name].at(era, update_id))
        self._judged[name] = (status, update_id)

    def _time_recovery(self, name: str, status: int) -> None:
        if status == Status.GAPPED:
            self._lost_at.setdefault(name, self._clock.mono_ns)
        elif status == Status.LIVE and name in self._lost_at:
            self.recoveries_s.append((self._clock.mono_ns - self._lost_at.pop(name)) / 1e9)
        elif status != Status.LIVE:
            self._lost_at.pop(name, None)  # something else happened to it

    def _judge_book(self, name: str, read: BookRead, true: Book) -> None:
        where = f"{name} LIVE at {read.update_id}"
        if read.bids and read.asks and read.bids[0][0] >= read.asks[0][0]:
            self.wrong(f"{where}: crossed, {read.bids[0]} >= {read.asks[0]}")
        sides = (
            ("bids", read.bids, true.bids.best(LEVELS_SHOWN, True), read.bid_complete, 1),
            ("asks", read.asks, true.asks.best(LEVELS_SHOWN, False), read.ask_complete, -1),
        )
        for side, shown, truth, end, sign in sides:
            self._judge_side(f"{where} {side}", shown, truth, end, sign)
        self._judge_total(
            f"{where} bids", read.bid_total, true.bids.between(read.bid_complete, None)
        )
        self._judge_total(
            f"{where} asks", read.ask_total, true.asks.between(None, read.ask_complete)
        )

    def _judge_total(self, where: str, total: int, truth: int) -> None:
        """So many levels are there truly, to where the book is said to be known."""
        if total != truth:
            self.wrong(f"{where}: {total} levels are held, {truth} are true")

    def _judge_side(
        self, where: str, shown: list[Level], truth: list[Level], end: int | None, sign: int
    ) -> None:
        """``end``: the price to which all levels are said to be known; ``sign`` 1: bids."""
        within = (
            truth if end is None else [level for level in truth if (level[0] - end) * sign >= 0]
        )
        if not shown:
            self.wrong(f"{where}: nothing is shown")
        if shown != within[: len(shown)]:
            at = next(i for i, level in enumerate(shown) if [level] != within[i : i + 1])
            self.wrong(f"{where}: level {at} is {shown[at]}, truly {within[at : at + 1]}")
        elif len(shown) < len(within):
            self.wrong(f"{where}: {len(shown)} levels are shown, {len(within)} are true, to {end}")

    def _check_age(self, stream: Stream, shown: int) -> None:
        """What is LIVE is neither behind what came, nor older than its stream's own limit."""
        newest, behind_ns = stream.newest, 0
        if newest is not None and shown != newest[0]:
            behind_ns = self._awake_ns - newest[1]
        if newest is not None and behind_ns > BEHIND_MAX_NS:
            is_old = shown < newest[0] and not self._is_newer_era(stream, shown, newest[0])
            if is_old or self._is_newer_era(stream, newest[0], shown):
                ago = f"{behind_ns / 1e9:.3f} s ago"
                self.wrong(f"{stream.key}: LIVE at {shown}, but {newest[0]} came {ago}")
        limit = stream.silence.limit_ns
        silent_ns = self._clock.mono_ns - max(stream.silence.since_ns, self.floor_ns)
        if silent_ns > limit + SILENT_MAX_NS:
            self.wrong(
                f"{stream.key}: LIVE, and silent for {silent_ns / 1e9:.1f} s, "
                f"{limit / 1e9:.1f} s at most"
            )

    def _read_quote(self, name: str, dead: bool) -> None:
        read = self._reader.quote(self._reader.symbols[name])
        if read is None or not self._is_live(read.status, dead):
            return
        self._check_age(self._quotes[name], read.update_id)
        self._judge_quote(name, read)

    def _read_made_quote(self, name: str, dead: bool) -> None:
        """Where no stream brings quotes they are the book's best, and no better than the book."""
        row = self._reader.symbols[name]
        read, book = self._reader.quote(row), self._reader.state(SectionKind.BOOK, row)
        shown = (Status.EMPTY, 0) if read is None else (read.status, read.update_id)
        if shown != book:
            self.wrong(f"{name}: the quote is {shown}, and the book that it is made of {book}")
        if read is None or not self._is_live(read.status, dead):
            return
        self.from_books += 1
        if read.source != Source.BOOK:
            self.wrong(f"{name}: a quote made from a book is said to come from {read.source}")
        self._judge_quote(name, read)

    def _judge_quote(self, name: str, read: QuoteRead) -> None:
        books = self._history.books[name]
        era = books.era_of(read.update_id)
        if era is None:
            self.wrong(f"{name}: quote LIVE at {read.update_id}, an id that never was")
            return
        if self._judged.get(f"{name}@") == (read.status, read.update_id):
            return
        true = books.at(era, read.update_id)
        best = (true.bids.best(1, True)[0], true.asks.best(1, False)[0])
        if (read.bid, read.ask) != best:
            self.wrong(f"{name}: quote {read.bid} {read.ask} at {read.update_id}, truly {best}")
        self._judged[f"{name}@"] = (read.status, read.update_id)

    def _read_trades(self, dead: bool) -> None:
        for name, stream in self._trades.items():
            row = self._reader.symbols[name]
            status, number = self._reader.state(SectionKind.LAST_TRADE, row)
            if not self._is_live(status, dead):
                continue
            self._check_age(stream, number)
            if self._judged.get(stream.key) == (status, number):
                continue
            event, read = self._history.events[stream.key].get(number), self._reader.trade(row)
            if event is None:
                self.wrong(f"{stream.key}: LIVE with {number}, a trade that never was")
            elif (read.px, read.qty) != numbers_of(event, self._history.decimals[name]):
                self.wrong(f"{stream.key}: trade {number} is {read.px} {read.qty}, truly {event}")
            self._judged[stream.key] = (status, number)

    @cached_property
    def _trades(self) -> dict[str, Stream]:
        """The stream that feeds each symbol's last trade: single trades rather than aggregates."""
        dense = [stream for stream in self.streams.values() if stream.is_dense]
        dense.sort(key=lambda stream: stream.suffix == "trade")
        return {stream.name: stream for stream in dense}


def numbers_of(event: dict[str, Any], decimals: tuple[int, int]) -> Level:
    """Price and quantity of a trade in the row's units."""
    return digits(event["p"], decimals[0]), digits(event["q"], decimals[1])
