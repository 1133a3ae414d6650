"""The independent checker on real processes: books through the client, rings from the mapping.

The truth comes from the simulator's control room, book by book at each update id that was shown;
which frames were delivered comes from the RAW ring. Nothing that the gateway counts is believed.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson

from gateway import layout
from gateway.layout import Flag, Kind, SectionKind, Status
from gateway_client import Gateway
from gateway_client import Status as Shown
from tests.integration.running import Simulator
from tests.model.ring import Record
from tests.trust.counting import Chain
from tests.trust.reader import Reader
from tests.trust.stream import Stream
from tests.trust.telling import Telling, merged
from tests.trust.truth import digits

IN_STEP = (Status.LIVE, Status.STALE, Status.HALTED)  # statuses of a book that is
READ_EVERY_S = 0.02
LEVELS = 20
SIDES = (("bids", 1), ("asks", -1))


class NoHistory:
    """In the place of a history: here the truth is asked for at the end."""

    def __init__(self) -> None:
        self.eras: dict[str, Any] = {}
        self.events: dict[str, Any] = {}

    def era_of(self, key: str, number: int) -> int:
        """In these runs ids never begin anew."""
        return 0


class LiveTelling(Telling):
    """Follows the event ring; what trades were is the simulator's to know."""

    def __init__(self, reader: Reader, checker: LiveChecker) -> None:
        super().__init__(NoHistory(), reader, checker)  # type: ignore[arg-type]
        self._live = checker
        self.stood: defaultdict[str, dict[int, bool]] = defaultdict(dict)  # in step after frame n
        self.gap_frames: defaultdict[str, set[int]] = defaultdict(set)
        self._last: dict[str, int] = {}
        self._stands: dict[str, bool] = {}  # whether the book is in step, by stream
        self._came_up: dict[str, int] = {}  # when it came into step, until the next frame

    def _take(self, record: Record) -> None:
        super()._take(record)
        stream = self._by_row.get(record.meta.stream)
        if stream is None or not stream.is_diff:
            return
        meta = record.meta
        if meta.kind == Kind.STATE and record.fields(layout.STATE).subject == Kind.BOOK:
            self._state(stream, meta)
        elif meta.kind in (Kind.DIFF, Kind.UNREADABLE):
            self._frame(stream.key, meta)
        elif meta.kind == Kind.GAP:
            self.gap_frames[stream.key].add(meta.sequence)

    def _state(self, stream: Stream, meta: Any) -> None:
        """A status that a frame brings stands before the frame's own record."""
        key, stands = stream.key, meta.status in IN_STEP
        self._live.note_status(stream, meta)
        if stands and not self._stands.get(key):
            self._came_up[key] = meta.mono_recv
        elif not stands:
            self.stood[key][self._last.get(key, 0)] = False
            self._came_up.pop(key, None)
        self._stands[key] = stands

    def _frame(self, key: str, meta: Any) -> None:
        came_up = self._came_up.pop(key, meta.mono_recv)
        if came_up != meta.mono_recv:  # it was a snapshot that brought it up, before this frame
            self.stood[key][meta.sequence - 1] = True
        self._last[key] = max(meta.sequence, self._last.get(key, 0))
        self.stood[key][meta.sequence] = self._stands.get(key, False)

    def _judge_content(self, stream: Stream, trade: Any) -> None:
        pass

    def _candle(self, stream: Stream, record: Record) -> None:
        pass

    def _value(self, stream: Stream, record: Record) -> None:
        pass

    def _compare_statuses(self) -> None:
        """Not here: between a look at the ring and one at a slot the writer goes on."""

    def conclude_trades(self) -> None:
        """Every trade from the first told to the last was told, once."""
        for stream in self._by_row.values():
            told = self.told[stream.key]
            if not stream.is_dense or not told.times:
                continue
            missing = max(told.times) - min(told.times) + 1 - len(told.times)
            if missing:
                self._live.wrong(f"{stream.key}: {missing} ids were never told")
            if merged(told.holes) != merged(told.gaps):
                self._live.wrong(f"{stream.key}: holes {told.holes[-3:]}, gaps {told.gaps[-3:]}")
        for number, (key, hole) in self.open.items():
            self._live.wrong(f"{key}: gap {number} {hole} was never closed")


class LiveChecker:
    """Reads everything again and again until told to conclude."""

    def __init__(self, simulator: Simulator, gateway: Gateway, run_dir: Path, seed: int) -> None:
        self._simulator, self._gateway = simulator, gateway
        self._dice = random.Random(seed)
        self._reader = Reader(run_dir / "shard-0.seg")
        self._raw = self._reader.segment.ring(SectionKind.RAW, 0)
        self.streams = {key: Stream(key, row) for key, row in self._reader.streams.items()}
        self._by_row = {stream.row: stream for stream in self.streams.values()}
        self._decimals = {
            name: (-row.px_exponent, -row.qty_exponent)
            for name, row in zip(self._reader.symbols, self._reader.segment.symbols(), strict=True)
        }
        self._books = sorted({s.name for s in self.streams.values() if s.is_diff})
        self._chains = {
            s.key: Chain(s.market == "spot") for s in self.streams.values() if s.is_diff
        }
        self._torn: defaultdict[str, set[int]] = defaultdict(set)  # numbers of frames
        self._gapped_at: dict[str, int] = {}
        self._shown: dict[tuple[str, int, Any], None] = {}
        self.delivered: Counter[str] = Counter()  # readable frames of trades
        self.mistakes: list[str] = []
        self.reads = self.live = self.checked = self.forgotten = 0
        self.bounded = self.audits = 0
        self.heaviest: dict[str, int] = {}  # minute of weight, by pool, as the venue counted
        self.breaks = self.gaps = self.duplicates = 0
        self.recoveries_s: list[float] = []
        self.telling = LiveTelling(self._reader, self)

    def wrong(self, what: str) -> None:
        self.mistakes.append(what)

    def note_status(self, stream: Stream, meta: Any) -> None:
        """A book's status changed; a break is timed from its flag to LIVE."""
        if meta.status == Status.GAPPED and meta.reason == layout.Reason.GAP:
            self._gapped_at[stream.name] = meta.mono_recv
        elif meta.status == Status.LIVE and stream.name in self._gapped_at:
            self.recoveries_s.append((meta.mono_recv - self._gapped_at.pop(stream.name)) / 1e9)
        else:
            self._gapped_at.pop(stream.name, None)

    def run_for(self, seconds: float) -> None:
        """Read at random moments for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(self._dice.expovariate(1 / READ_EVERY_S))
            self.read_all()
            self._follow()

    def read_all(self) -> None:
        """Read every book once."""
        for name in self._books:
            book = self._gateway.book(name, levels=LEVELS)
            self.reads += 1
            if book.state is not Shown.LIVE:
                continue
            self.live += 1
            sides = book.bids_mantissa, book.asks_mantissa
            if sides[0][0] >= sides[1][0]:
                self.wrong(f"{name} {book.update_id}: crossed and LIVE")
            ends = book.bid_complete_px_mantissa, book.ask_complete_px_mantissa
            self.bounded += ends != (None, None)
            self._shown[name, book.update_id, (sides, ends)] = None

    def all_live(self) -> bool:
        return all(self._gateway.book(n, levels=1).state is Shown.LIVE for n in self._books)

    def is_settled(self) -> bool:
        """Whether every book is LIVE and no gap is open."""
        self.read_all()
        self._follow()
        return self.all_live() and not self.telling.open

    def _follow(self) -> None:
        for record in self._raw.read():
            self._frame(record)
        self.telling.follow()
        if self._raw.lapped_count:
            raise AssertionError("this machine is too slow for the checker: RAW overtook it")

    def _frame(self, record: Record) -> None:
        stream, head = self._by_row.get(record.meta.stream), record.fields(layout.RAW)
        aside = record.meta.flags & (Flag.DUPLICATE | Flag.EARLY)
        if stream is None or aside or head.frame_length != head.payload_length:
            stream and self._aside(stream, record)
            return
        start = layout.RAW.size
        try:
            event = orjson.loads(record.data[start : start + head.payload_length])["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return
        if stream.is_diff:
            if self._chains[stream.key].is_torn(event):
                self._torn[stream.key].add(record.meta.sequence)
        elif stream.is_dense:
            self.delivered[stream.key] += 1

    def _aside(self, stream: Stream, record: Record) -> None:
        stream.was_twin = True  # while one connection replaces another: no frame alone tells

    # At the end.

    def conclude(self) -> None:
        """Judge what was shown by the truth, and what was counted by what was delivered."""
        self._follow()
        self._compare_books()
        self.heaviest = self._simulator.get("/sim/status")["weight_heaviest"]
        self.audits = self._reader.counters().audits
        self.telling.conclude_trades()
        for stream in self.streams.values():
            if stream.is_diff:
                self._compare_gaps(stream)
            elif stream.is_dense and not stream.was_twin:
                self._compare_duplicates(stream)
        self._reader.close()

    def _compare_books(self) -> None:
        for name, update_id, (sides, ends) in self._shown:
            market, _, symbol = name.partition(":")
            truth = self._simulator.get("/sim/book", market=market, symbol=symbol, id=update_id)
            if truth is None:
                self.forgotten += 1
                continue
            self.checked += 1
            for (side, sign), shown, end in zip(SIDES, sides, ends, strict=True):
                self._compare_side(f"{name} {update_id} {side}", truth[side], shown, end, sign)

    def _compare_side(self, where: str, truth: Any, flat: Any, end: int | None, sign: int) -> None:
        name = where.partition(" ")[0]
        px, qty = self._decimals[name]
        true = [(digits(p, px), digits(q, qty)) for p, q in truth[:LEVELS]]
        within = [t for t in true if end is None or (t[0] - end) * sign >= 0]
        shown = list(zip(flat[::2], flat[1::2], strict=True))
        if shown != within:
            self.wrong(f"{where}: shown {shown[:3]} of {len(shown)}, true {within[:3]}")

    def _compare_gaps(self, stream: Stream) -> None:
        """Frames that follow on nothing while the book was in step, and the gaps counted."""
        stood, gaps = self.telling.stood[stream.key], self.telling.gap_frames[stream.key]
        torn = self._torn[stream.key]
        breaks = {n for n in torn if stood.get(n - 1)}
        if stream.was_twin:
            return
        self.gaps += len(gaps)
        self.breaks += len(breaks | (gaps & torn))
        if (breaks - gaps) | (gaps - torn):
            sides = f"{sorted(breaks - gaps)[:5]} and {sorted(gaps - torn)[:5]}"
            self.wrong(f"{stream.key}: breaks without gaps and gaps without breaks: {sides}")

    def _compare_duplicates(self, stream: Stream) -> None:
        told, again = self.telling.told[stream.key], self.telling.again[stream.key]
        delivered = self.delivered[stream.key]
        self.duplicates += again
        if delivered != told.live + again:
            self.wrong(f"{stream.key}: {delivered} delivered, {told.live} told, {again} again")
