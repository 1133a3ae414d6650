"""What the event ring told, record by record: each trade once, in order, and every hole said.

A reader of the ring that knows the truth. A record is *told* unless it is flagged DUPLICATE; what
back-fill brought is flagged BACKFILLED and may come later than its neighbours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from gateway import layout
from gateway.layout import Flag, GapState, Kind, SectionKind, Status
from tests.model.ring import Record
from tests.trust.checker import Checker
from tests.trust.history import History
from tests.trust.judging import event_differences
from tests.trust.reader import Reader
from tests.trust.readings import numbers_of
from tests.trust.stream import Stream
from tests.trust.truth import digits

Hole = tuple[int, int]  # first and last id, inclusive
TRADES = (Kind.TRADE, Kind.AGG_TRADE)
VALUES = {
    Kind.KLINE: layout.KLINE,
    Kind.TICKER: layout.TICKER,
    Kind.MINI_TICKER: layout.TICKER,
    Kind.MARK_PRICE: layout.MARK,
    Kind.LIQUIDATION: layout.LIQUIDATION,
}
SUBJECTS = {  # what a state says it is of: a slot by symbol; else by stream
    SectionKind.BOOK: Kind.BOOK,
    SectionKind.QUOTE: Kind.QUOTE,
    SectionKind.TICKER: Kind.TICKER,
    SectionKind.LAST_TRADE: Kind.TRADE,
    SectionKind.MARK_PRICE: Kind.MARK_PRICE,
    SectionKind.PARTIAL: Kind.PARTIAL,
}


class Told:
    """One stream of trades."""

    def __init__(self) -> None:
        self.times: Counter[int] = Counter()  # how often each id was told
        self.backfilled: set[int] = set()
        self.live = 0  # records that were not back-filled
        self.tops: dict[int, int] = {}  # the highest id told of each numbering
        self.holes: list[Hole] = []  # in the order of what was told
        self.gaps: list[Hole] = []  # as GAP records say


class Telling:
    """Follows the ring of one segment from its first record on."""

    def __init__(self, history: History, reader: Reader, checker: Checker) -> None:
        self._history, self._checker, self._reader = history, checker, reader
        self._ring = reader.ring()
        self._by_row = {stream.row: stream for stream in checker.streams.values()}
        self.told: defaultdict[str, Told] = defaultdict(Told)
        self.again: Counter[str] = Counter()  # records flagged DUPLICATE, by stream
        self.gap_count: Counter[str] = Counter()
        self.open: dict[int, tuple[str, Hole]] = {}  # gap number -> stream, hole
        self.closed: Counter[str] = Counter()  # by the state they ended in
        self.lost: defaultdict[str, set[int]] = defaultdict(set)  # given up, by stream
        self.candles: defaultdict[str, set[int]] = defaultdict(set)  # open times told as over
        self.values = 0
        self.statuses: dict[tuple[int, int], int] = {}  # by subject, and row of symbol or stream

    def follow(self) -> None:
        """Take all records since the last call."""
        for record in self._ring.read():
            self._take(record)
        if self._ring.lapped_count:
            self._checker.wrong("the reader of the ring was overtaken")
            self._ring.lapped_count = 0
        self._compare_statuses()

    def _take(self, record: Record) -> None:
        kind = record.meta.kind
        stream = self._by_row.get(record.meta.stream)
        if kind == Kind.STATE:
            subject = record.fields(layout.STATE).subject
            is_by_symbol = subject in SUBJECTS.values()
            key = (subject, record.meta.symbol) if is_by_symbol else (0, record.meta.stream)
            self.statuses[key] = record.meta.status
        elif stream is None or kind == Kind.SNAPSHOT:
            return
        elif kind == Kind.GAP:
            self._gap(stream, record)
        elif kind == Kind.GAP_CLOSED:
            self._gap_closed(stream, record)
        elif record.meta.flags & Flag.DUPLICATE:
            self.again[stream.key] += bool(record.meta.flags & Flag.FIRST)
        elif kind in TRADES:
            self._trade(stream, record)
        elif kind == Kind.KLINE and record.meta.flags & Flag.CLOSED:
            self._candle(stream, record)
        elif kind in VALUES:
            self._value(stream, record)

    def _gap(self, stream: Stream, record: Record) -> None:
        state = record.fields(layout.STATE)
        hole = state.expected_id, state.expected_id + state.missing - 1
        self.gap_count[stream.key] += 1
        self.told[stream.key].gaps.append(hole)
        if state.gap_number in self.open:
            self._checker.wrong(f"{stream.key}: gap {state.gap_number} opens twice")
        if state.gap_state == GapState.LOST:  # of a numbering that is over
            self.lost[stream.key] |= set(range(hole[0], hole[1] + 1))
            return
        self.open[state.gap_number] = (stream.key, hole)

    def _gap_closed(self, stream: Stream, record: Record) -> None:
        state = record.fields(layout.STATE)
        self.closed[GapState(state.gap_state).name] += 1
        key, hole = self.open.pop(state.gap_number, ("", (0, -1)))
        if key != stream.key:
            self._checker.wrong(
                f"{stream.key}: gap {state.gap_number} is closed, which never opened"
            )
            return
        if not stream.is_dense:
            return
        told = self.told[key]
        missing = {number for number in range(hole[0], hole[1] + 1) if not told.times[number]}
        recovered = hole[1] - hole[0] + 1 - len(missing)
        if (state.gap_state == GapState.FILLED) != (not missing) or state.recovered != recovered:
            name = GapState(state.gap_state).name
            self._checker.wrong(
                f"{key}: gap {hole} closed as {name} with {state.recovered}, truly {recovered}"
            )
        self.lost[key] |= missing

    def _trade(self, stream: Stream, record: Record) -> None:
        told, number = self.told[stream.key], record.meta.update_id
        told.times[number] += 1
        if told.times[number] > 1:
            self._checker.wrong(f"{stream.key}: {number} was told twice")
        self._judge_content(stream, record.fields(layout.TRADE))
        if record.meta.flags & Flag.BACKFILLED:
            told.backfilled.add(number)
            return
        told.live += 1
        if self._is_missing(stream.key, number):
            return  # late, into its own hole
        era = self._history.era_of(stream.key, number)
        top = told.tops.get(era, number - 1)
        if number > top + 1:
            told.holes.append((top + 1, number - 1))
        told.tops[era] = number

    def _candle(self, stream: Stream, record: Record) -> None:
        """The last word on a candle."""
        candle = record.fields(layout.KLINE)
        opened = candle.open_time // 1_000_000
        true = self._history.events[stream.key].get(opened)
        told = [candle.open_px, candle.high_px, candle.low_px, candle.close_px]
        self.candles[stream.key].add(opened)
        if true is None or not true["k"]["x"]:
            self._checker.wrong(f"{stream.key}: told the end of {opened}, which is not over")
            return
        prices = [digits(true["k"][name], -candle.px_exponent) for name in "ohlc"]
        if told != prices or candle.trade_count != true["k"]["n"]:
            self._checker.wrong(f"{stream.key}: candle {opened} told as {told}, truly {prices}")

    def _value(self, stream: Stream, record: Record) -> None:
        """A value without an id, as the venue sent it, or told it to whoever asked."""
        if record.meta.flags & Flag.BACKFILLED:
            return  # what is shown of it is judged in its slot
        self.values += 1
        number = record.meta.ts_event // 1_000_000
        event = self._history.timed[stream.key].get(number)
        if event is None:
            self._checker.wrong(f"{stream.key}: told {number}, an event that never was")
            return
        decimals = self._history.decimals[stream.name]
        cell = record.fields(VALUES[Kind(record.meta.kind)])
        for what in event_differences(stream.suffix, event, cell, decimals):
            self._checker.wrong(f"{stream.key}: told {number}: {what}")

    def _is_missing(self, key: str, number: int) -> bool:
        holes = (hole for of, hole in self.open.values() if of == key)
        return any(first <= number <= last for first, last in holes)

    def _judge_content(self, stream: Stream, trade: Any) -> None:
        event = self._history.events[stream.key].get(trade.update_id)
        if event is None:
            self._checker.wrong(f"{stream.key}: told {trade.update_id}, which never was")
        elif (trade.px, trade.qty) != numbers_of(event, self._history.decimals[stream.name]):
            self._checker.wrong(f"{stream.key}: told {trade.update_id} wrongly, truly {event}")

    # At the end of a run, when nothing goes wrong any more.

    def conclude(self) -> None:
        """Judge what can only be judged when all is over."""
        self.follow()
        for stream in self._checker.streams.values():
            if stream.is_dense:
                self._conclude_trades(stream)
            elif stream.is_candle:
                self._conclude_candles(stream)
        for number, (key, hole) in self.open.items():
            self._checker.wrong(f"{key}: gap {number} {hole} was never closed")

    def _conclude_candles(self, stream: Stream) -> None:
        told, true = self.candles[stream.key], self._history.events.get(stream.key, {})
        if missing := [t for t in true if told and min(told) < t < max(told) and t not in told]:
            self._checker.wrong(
                f"{stream.key}: {len(missing)} candles not told, {missing[0]} first"
            )

    def _conclude_trades(self, stream: Stream) -> None:
        told = self.told[stream.key]
        holes, gaps = merged(told.holes), merged(told.gaps)
        if holes != gaps:
            odd = set(holes) ^ set(gaps)
            self._checker.wrong(f"{stream.key}: holes and gaps differ in {sorted(odd)[:4]}")
        for era in self._history.eras.get(stream.key, []):
            seen = [number for number in era if told.times[number]]
            if not seen:
                continue
            missing = {n for n in range(min(seen), max(seen) + 1) if not told.times[n]}
            if unsaid := missing - self.lost[stream.key]:
                self._checker.wrong(f"{stream.key}: {len(unsaid)} ids lost, {min(unsaid)} first")
            if missing and era is self._history.eras[stream.key][-1]:
                self._checker.wrong(f"{stream.key}: {len(missing)} ids not back-filled")

    def count_again(self, stream: Stream) -> None:
        """Every frame of a stream that came over one connection was told, or counted as seen."""
        told, flagged = self.told[stream.key], self.again[stream.key]
        delivered = sum(stream.deliveries.values())
        if delivered != told.live + flagged:
            self._checker.wrong(
                f"{stream.key}: {delivered} delivered, {told.live} told, {flagged} as duplicates"
            )
        stream.agains = delivered - told.live
        begins = {next(iter(era)) for era in self._history.eras.get(stream.key, []) if era}
        for number in stream.deliveries:
            if number in self.lost[stream.key]:
                continue  # it came when it had been given up
            if not told.times[number] and not begins & {number, number - 1, number - 2}:
                self._checker.wrong(f"{stream.key}: {number} was delivered, and never told")

    def _compare_statuses(self) -> None:
        """The ring's last word on each slot is what the slot says; LIVE was told: it is news."""
        for name, place, stream in self._checker.slots():
            subject, row = SUBJECTS.get(place[0], 0), place[1]
            status = self._reader.state(*place)[0]
            told = self.statuses.get((subject, row if subject else stream))
            if told != status and (told is not None or status == Status.LIVE):
                self._checker.wrong(f"{name}: {Status(status).name}, told {told}")


def merged(holes: Iterable[Hole]) -> list[Hole]:
    """The same ids in as few holes as possible: what lay side by side is one."""
    found: list[Hole] = []
    for first, last in sorted(holes):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
