"""Reads every slot at any moment, as a client would, and judges what is called LIVE.

It knows the truth, and believes nothing the gateway says. Wrong is: a value that is called LIVE and
differs from the truth at its update id or event time; a crossed book that is called LIVE; one that
stays LIVE though newer data were delivered, or though its stream is silent for longer than its own
limit; and any value, LIVE or not, that is said to be of another moment than it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from gateway import layout
from gateway.layout import Flag, SectionKind, Source, Status
from tests.trust.clock import SimulatedTime
from tests.trust.history import History
from tests.trust.judging import book_differences, event_differences
from tests.trust.latest import Answer
from tests.trust.reader import Mark, Place, QuoteRead, Reader
from tests.trust.stream import Stream
from tests.trust.truth import Level, digits

OUT_OF_LIVE = (Status.STALE, Status.HALTED)  # a book goes on in step, if it was
BEHIND_MAX_NS = 1_000_000_000  # that a LIVE value may lag behind what was delivered, awake
SILENT_MAX_NS = 1_000_000_000  # beyond a stream's limit
WOKEN_NS = 3_000_000_000  # after a standstill
HEARTBEAT_MAX_NS = 1_000_000_000
NULL = layout.NULL & (1 << 64) - 1
DEAD = 255  # a status that readers add
MISTAKES_KEPT = 20
Told = Mapping[tuple[SectionKind, str], list[Answer]]
PARTIAL_LEVELS = 5
TABLES = {  # of a cell, by section and the first letters of the stream
    (SectionKind.TICKER, "ticke"): layout.TICKER,
    (SectionKind.TICKER, "miniT"): layout.TICKER,
    (SectionKind.MARK_PRICE, "markP"): layout.MARK,
    (SectionKind.VALUES, "kline"): layout.KLINE,
    (SectionKind.VALUES, "force"): layout.LIQUIDATION,
}


class Readings:
    """One reader of one segment, with the truth at hand."""

    def __init__(self, history: History, reader: Reader, clock: SimulatedTime, told: Told) -> None:
        """``told``: what REST has told of latest values."""
        self._told = told
        self._history, self._reader, self._clock = history, reader, clock
        self.streams = {key: Stream(key, row) for key, row in reader.streams.items()}
        self.mistakes: list[str] = []
        self.mistake_count = 0
        self.reads = 0
        self.live = 0
        self.states: Counter[int] = Counter()
        self.recoveries_s: list[float] = []
        self.bounded = self.from_books = self.values = self.fetched = 0
        self.floor_ns = 0  # silence counts from here: the gateway itself stood still until then
        self._slept_ns = 0
        self._asleep_since: int | None = None
        self._lost_at: dict[str, int] = {}
        self._judged: dict[str, tuple[int, int]] = {}
        self._depths = {s.name: s for s in self.streams.values() if s.is_diff}
        self._quotes = {s.name: s for s in self.streams.values() if s.is_quote}
        self._made = {n: s for n, s in self._depths.items() if n not in self._quotes}
        self._values = [s for s in self.streams.values() if s.is_timed or s.is_partial]
        self._places = {s.key: self._places_of(s) for s in self.streams.values()}
        self._received: dict[Place, int] = {}  # versions
        self._versions: dict[Place, int] = {}  # of the values judged last
        self._answers: set[int] = set()  # when snapshots came
        if reader.timeout_ns > HEARTBEAT_MAX_NS:
            self.wrong(f"a writer that stands still is noticed after {reader.timeout_ns} ns only")

    def wrong(self, what: str) -> None:
        self.mistake_count += 1
        if len(self.mistakes) < MISTAKES_KEPT:
            self.mistakes.append(f"{(self._clock.mono_ns - 10**12) / 1e9:.3f} s: {what}")

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

    def counters(self) -> Any:
        return self._reader.counters()

    def book_statuses(self) -> dict[str, int]:
        """Status of every book as its slot has it."""
        rows = self._reader.symbols
        return {n: self._reader.state(SectionKind.BOOK, rows[n])[0] for n in self._depths}

    def statuses(self) -> dict[str, int]:
        """Status of every slot."""
        return {name: self._reader.state(*place)[0] for name, place, _ in self.slots()}

    def snapshot_came(self) -> None:
        """A snapshot is at the gateway: the book that it makes, with what waited, is of now."""
        self._answers.add(self._clock.mono_ns)

    def slots(self) -> Iterator[tuple[str, Place, int]]:
        """Name of every slot, where it is, and the row of the stream that feeds it."""
        for key, places in self._places.items():
            for place in places:
                yield f"{key} {place[0].name}", place, self.streams[key].row

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
        for stream in self._values:
            self._read_value(stream, dead)
        self._check_received()
        if not dead and self._clock.mono_ns - self.floor_ns < WOKEN_NS:
            self._check_woken()

    def _check_woken(self) -> None:
        """The gateway has stood still: what it had before is not LIVE, nor is it again later."""
        for key, places in self._places.items():
            for place in places:
                mark = self._reader.mark(*place)
                if mark and mark.status == Status.LIVE and mark.mono_recv < self.floor_ns:
                    self.wrong(f"{key}: {place[0].name} is LIVE with what came before a standstill")

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
        for what in book_differences(read, self._history.books[name].at(era, update_id)):
            self.wrong(f"{name} LIVE at {update_id}: {what}")
        self._judged[name] = (status, update_id)

    def _time_recovery(self, name: str, status: int) -> None:
        if status == Status.GAPPED:
            self._lost_at.setdefault(name, self._clock.mono_ns)
        elif status == Status.LIVE and name in self._lost_at:
            self.recoveries_s.append((self._clock.mono_ns - self._lost_at.pop(name)) / 1e9)
        elif status != Status.LIVE:
            self._lost_at.pop(name, None)  # something else happened to it

    def _read_value(self, stream: Stream, dead: bool) -> None:
        """A value without an id: of the newest event that came, and as that said."""
        (place,) = self._places[stream.key]
        status, number = self._state(stream, place)
        if not self._is_live(status, dead):
            return
        self.values += 1
        self._check_age(stream, number)
        version = self._reader.version(place)
        if self._versions.get(place) == version:
            return
        self._versions[place] = version
        where = f"{stream.key}: LIVE of {number}"
        for what in self._differences(stream, place, number):
            self.wrong(f"{where}: {what}")

    def _differences(self, stream: Stream, place: Place, number: int) -> Iterable[str]:
        if stream.is_partial:
            return self._partial_differences(stream, place, number)
        cell = self._reader.cell(place, TABLES[place[0], stream.suffix[:5]])
        event = self._history.timed[stream.key].get(number)
        if stream.is_candle and cell.flags & Flag.BACKFILLED:  # REST knows no event time
            event = self._history.events[stream.key].get(cell.open_time // 1_000_000)
        if event is None:
            return ("an event that never was",)
        return event_differences(stream.suffix, event, cell, self._history.decimals[stream.name])

    def _partial_differences(self, stream: Stream, place: Place, number: int) -> Iterable[str]:
        books, read = self._history.books[stream.name], self._reader.book(place[1], place[0])
        era = books.era_of(number)
        if era is None or read is None:
            return ("an id that never was",)
        true = books.at(era, number)
        best = true.bids.best(PARTIAL_LEVELS, True), true.asks.best(PARTIAL_LEVELS, False)
        return () if (read.bids, read.asks) == best else (f"{read.bids} {read.asks}, truly {best}",)

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

    def _check_received(self) -> None:
        """Whether LIVE or not, a value is as old as the frame that brought it."""
        for key, places in self._places.items():
            for place in places:
                version = self._reader.version(place)
                if version == self._received.get(place, 0):
                    continue
                self._received[place] = version
                mark = self._reader.mark(*place)
                assert mark is not None
                self._judge_mark(self.streams[key], place, mark)

    def _judge_mark(self, stream: Stream, place: Place, mark: Mark) -> None:
        number = mark.ts_event // 1_000_000 if stream.is_timed else mark.update_id
        if mark.flags & Flag.BACKFILLED:
            self._judge_fetched(stream, place, mark)
            return
        if not number or (mark.ts_event == NULL and stream.is_timed):
            return  # there was no value yet, only a status
        where = f"{stream.key}: {place[0].name} {Status(mark.status).name} at {number}"
        if mark.status == Status.LIVE and mark.mono_recv < stream.connected_ns:
            self.wrong(f"{where}: nothing has come since it was connected again")
        came = stream.came.get(number, set())
        is_joined = stream.is_diff and mark.mono_recv in self._answers
        if mark.mono_recv not in came and not is_joined:
            late = [(mark.mono_recv - at) / 1e9 for at in sorted(came)]
            self.wrong(f"{where}: said to have come {late} s after it came")
        if mark.ts_recv - mark.mono_recv != self._clock.real_ns - self._clock.mono_ns:
            self.wrong(f"{where}: ts_recv and mono_recv are of two moments")

    def _judge_fetched(self, stream: Stream, place: Place, mark: Mark) -> None:
        """A value that REST told, as the venue had it between question and answer. It is not LIVE,
        for only an event of the stream proves that the stream is; and it replaces nothing newer."""
        if stream.is_candle:
            return  # what corrects a candle is judged with its content, when it is LIVE
        where = f"{stream.key}: {place[0].name} fetched by REST"
        self.fetched += 1
        if mark.status == Status.LIVE:
            self.wrong(f"{where} is LIVE")
        told = self._told.get((place[0], stream.name), [])
        came = [answer for answer in told if answer.came_ns <= mark.mono_recv]
        fits = [each for each in came if not self._differs(stream, place, each.event)]
        if not fits:
            self.wrong(f"{where} is nothing that the venue told")
        elif any(fits[-1].sent_ns < at <= mark.mono_recv for at in stream.heard_ns):
            self.wrong(f"{where} replaces what has come since it was asked for")

    def _differs(self, stream: Stream, place: Place, event: Mapping[str, Any]) -> bool:
        decimals = self._history.decimals[stream.name]
        if stream.is_quote:
            read = self._reader.quote(place[1])
            return read is None or [*read.bid, *read.ask] != [
                digits(event[letter], decimals[letter in "BA"]) for letter in "bBaA"
            ]
        cell = self._reader.cell(place, TABLES[place[0], stream.suffix[:5]])
        said = event
        if stream.suffix == "miniTicker":
            said = {letter: event[letter] for letter in "cohlvq"}
        return any(event_differences(stream.suffix, said, cell, decimals))

    def _check_age(self, stream: Stream, shown: int) -> None:
        """What is LIVE is neither behind what came, nor older than its stream's own limit."""
        newest, behind_ns = stream.newest, 0
        if newest is not None and shown != newest[0]:
            behind_ns = self._awake_ns - newest[1]
        at_once = stream.is_timed or not (stream.is_diff or stream.was_twin)
        if newest is not None and behind_ns > (0 if at_once else BEHIND_MAX_NS):
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

    def _state(self, stream: Stream, place: Place) -> tuple[int, int]:
        """Status of a slot, and the number of its event."""
        state = self._reader.timed_state if stream.is_timed else self._reader.state
        return state(*place)

    def _is_newer_era(self, stream: Stream, number: int, before: int) -> bool:
        return self._era_of(stream, number) > self._era_of(stream, before)

    def _era_of(self, stream: Stream, number: int) -> int:
        """How often ids had begun anew when this one was given; it may have begun anew since."""
        if stream.is_timed:
            return 0
        if stream.is_dense:
            return self._history.era_of(stream.key, number)
        return self._history.books[stream.name].era_of(number) or 0

    def _places_of(self, stream: Stream) -> list[Place]:
        """The slots that a stream feeds."""
        row = self._reader.symbols[stream.name]
        if stream.is_diff:
            is_quote_made = stream.name in self._made
            kinds = (SectionKind.BOOK, SectionKind.QUOTE)
            return [(kind, row) for kind in kinds[: 1 + is_quote_made]]
        if stream.is_dense:
            is_fed = self._trades.get(stream.name) is stream
            return [(SectionKind.LAST_TRADE, row)] if is_fed else []
        if stream.is_quote:
            return [(SectionKind.QUOTE, row)]
        if stream.is_partial:
            return [(SectionKind.PARTIAL, row)]
        if "icker" in stream.suffix:
            return [(SectionKind.TICKER, row)]
        if stream.suffix.startswith("markPrice"):
            return [(SectionKind.MARK_PRICE, row)]
        return [(SectionKind.VALUES, self._reader.value_of(stream.row))]

    @cached_property
    def _trades(self) -> dict[str, Stream]:
        """The stream that feeds each symbol's last trade: single trades rather than aggregates."""
        dense = [stream for stream in self.streams.values() if stream.is_dense]
        dense.sort(key=lambda stream: stream.suffix == "trade")
        return {stream.name: stream for stream in dense}


def numbers_of(event: dict[str, Any], decimals: tuple[int, int]) -> Level:
    """Price and quantity of a trade in the row's units."""
    return digits(event["p"], decimals[0]), digits(event["q"], decimals[1])
