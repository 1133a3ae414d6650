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
from gateway.layout import SectionKind, Status
from tests.trust.clock import SimulatedTime
from tests.trust.counting import LOWER_RUN, Candles, Chain, Numbers, Verdict
from tests.trust.history import ID_OF, History
from tests.trust.host import Watcher
from tests.trust.reader import BookRead, Reader
from tests.trust.truth import Book, Level, digits

IN_STEP = (Status.LIVE, Status.STALE, Status.HALTED)
BEHIND_MAX_NS = 1_000_000_000  # that a LIVE value may lag behind what was delivered
SILENT_MAX_NS = 1_000_000_000  # beyond a stream's own limit
TWIN_NS = 6_000_000_000  # for so long the gateway may know what a second connection brought
LAG_MAX_NS = 3_500_000_000  # later than that, and it is not the present
BACKLOG_NS = 1_000_000  # within it what the kernel had queued is read
SEND_NS = 5_000_000  # an event's time is in ms, and of its sending
LEVELS_SHOWN = 20
DEAD = 255  # a status that readers add
MISTAKES_KEPT = 20


class Stream:
    """What the checker knows of one stream."""

    def __init__(self, key: str, row: int) -> None:
        self.key, self.row = key, row
        self.market, _, rest = key.partition(":")
        symbol, _, self.suffix = rest.partition("@")
        self.name = f"{self.market}:{symbol.upper()}"
        self.is_diff = self.suffix.startswith("depth")
        self.is_dense = self.suffix in ID_OF
        self.is_quote = self.suffix == "bookTicker"
        self.numbers = Numbers(self.is_dense, repeats_count=not self.is_quote)
        self.chain = Chain(self.market == "spot")
        self.candles = Candles()
        self.is_candle = self.suffix.startswith("kline")
        self.id_name = "u" if self.is_diff or self.is_quote else ID_OF.get(self.suffix, "")
        self.heard_ns = 0  # last readable frame
        self.newest: tuple[int, int] | None = None  # id and time of the newest event delivered
        self.lower_run = 0  # frames of a numbering that began lower
        self.was_twin = False  # it came over two connections at once, for a while
        self.deliveries: Counter[int] = Counter()  # readable frames by id
        self.breaks = 0
        self.agains = 0
        self.restarts = 0


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
        self._before: tuple[Stream, dict[str, Any], int, int, int] | None = None
        self._depths = {s.name: s for s in self.streams.values() if s.is_diff}
        self._quotes = {s.name: s for s in self.streams.values() if s.is_quote}
        self.floor_ns = 0  # silence counts from here: the gateway itself stood still until then

    def wrong(self, what: str) -> None:
        self.mistake_count += 1
        if len(self.mistakes) < MISTAKES_KEPT:
            self.mistakes.append(f"{(self._clock.mono_ns - 10**12) / 1e9:.3f} s: {what}")

    # Frames as they are delivered.

    def after_up(self, link: int) -> None:
        self._up.add(link)
        self._see_twins(link)

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
        status, stands_at = Status.EMPTY, 0
        if stream.is_diff:
            row = self._reader.symbols[stream.name]
            status, stands_at = self._reader.state(SectionKind.BOOK, row)
        gaps = self._reader.stream_word(stream.row, "gap_count")
        self._before = stream, event, status, stands_at, gaps

    def after(self, link: int, frame: bytes, found: FrameClass) -> None:
        if self._before is None:
            return
        stream, event, status, stands_at, gaps = self._before
        stream.heard_ns = self._clock.mono_ns
        if stream.id_name:
            self._note_newest(stream, event[stream.id_name])
            stream.deliveries[event[stream.id_name]] += 1
        self._check_backlog(stream, event)
        gaps = self._reader.stream_word(stream.row, "gap_count") - gaps
        if self._is_twin(link):
            self._take_twin(stream, event)
        elif stream.is_diff:
            self._count_diff(stream, event, status, stands_at, gaps)
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
        stream.newest = (number, self._clock.mono_ns)

    def _is_newer_era(self, stream: Stream, number: int, before: int) -> bool:
        if stream.is_dense:
            eras = self._history.eras[stream.key]
            return number in eras[-1] and before not in eras[-1]
        book = self._history.books[stream.name]
        return (book.era_of(number) or 0) > (book.era_of(before) or 0)

    def _count_diff(
        self, stream: Stream, event: dict[str, Any], status: int, stands_at: int, gaps: int
    ) -> None:
        is_torn = stream.chain.is_torn(event)
        if status not in IN_STEP:
            stream.chain.rest()
            stream.breaks += gaps
            if gaps > is_torn:
                self.wrong(f"{stream.key}: {gaps} gaps at {event['u']}, and nothing was missing")
            return
        verdict = stream.chain.take(event, stands_at)
        self._count(stream, verdict, gaps, event["u"])
        if verdict is Verdict.BREAK:
            row = self._reader.symbols[stream.name]
            now = self._reader.state(SectionKind.BOOK, row)[0]
            if now == Status.LIVE:
                self.wrong(f"{stream.key}: LIVE after the break at {event['U']}..{event['u']}")

    def _count(self, stream: Stream, verdict: Verdict, gaps: int, number: int) -> None:
        stream.breaks += verdict is Verdict.BREAK
        stream.agains += verdict is Verdict.AGAIN
        stream.restarts += verdict is Verdict.RESTART
        if gaps != (verdict is Verdict.BREAK):
            self.wrong(f"{stream.key}: {gaps} gaps counted at id {number}, which is {verdict.name}")

    def after_down(self, link: int) -> None:
        """A connection was lost: what came over it is not LIVE from this very moment."""
        self._up.discard(link)
        if link ^ 1 in self._up:
            return
        for stream in self.streams.values():
            if self._reader.connection_of(stream.row) == link & ~1:
                stream.numbers.is_new_session = True
                self._check_down(stream)

    def _check_down(self, stream: Stream) -> None:
        kind = SectionKind.BOOK if stream.is_diff else SectionKind.QUOTE
        if stream.is_diff or stream.is_quote:
            status = self._reader.state(kind, self._reader.symbols[stream.name])[0]
            if status == Status.LIVE:
                self.wrong(f"{stream.key}: LIVE, and nothing is connected")

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
        self._read_trades(dead)

    def _is_live(self, status: int, dead: bool) -> bool:
        self.reads += 1
        self.states[DEAD if dead else status] += 1
        if dead or status != Status.LIVE:
            return False
        self.live += 1
        return True

    def _read_book(self, name: str, dead: bool) -> None:
        row = self._reader.symbols[name]
        status, update_id = self._reader.state(SectionKind.BOOK, row)
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
        now = self._clock.mono_ns
        newest = stream.newest
        if newest is not None and now - newest[1] > BEHIND_MAX_NS and shown != newest[0]:
            is_old = shown < newest[0] and not self._is_newer_era(stream, shown, newest[0])
            if is_old or self._is_newer_era(stream, newest[0], shown):
                self.wrong(f"{stream.key}: LIVE at {shown}, but {newest[0]} came {newest[1]} ns")
        limit = self._reader.stream_word(stream.row, "limit_ns")
        silent_ns = now - max(stream.heard_ns, self.floor_ns)
        if limit and silent_ns > limit + SILENT_MAX_NS:
            self.wrong(f"{stream.key}: LIVE, and silent for {silent_ns / 1e9:.1f} s")

    def _read_quote(self, name: str, dead: bool) -> None:
        read = self._reader.quote(self._reader.symbols[name])
        if read is None or not self._is_live(read.status, dead):
            return
        self._check_age(self._quotes[name], read.update_id)
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
