"""What the tests of gaps look at: events with ids, the GAPS section, records about gaps."""

from __future__ import annotations

from typing import Any, Self

from gateway import layout
from gateway.core.engine import Gap, NoticeCode
from gateway.layout import Flag, GapState, Kind, SectionKind
from tests.core.paired import Paired
from tests.model.ring import Record, unpack

START = 1795345200000
MINUTE = 60_000
CLOSES = ("filled", "partial", "lost", "healed")


def candle(
    minute: int,
    *,
    closed: bool = False,
    at: int | None = None,
    length: int = MINUTE,
    timed: bool = True,
) -> bytes:
    """A candle of BTCUSDT, ``minute`` intervals behind the start; ``at``: event time, in ms."""
    begin = START + minute * length
    when = begin + (length if closed else 1) if at is None else START + at
    return candle_of(begin, begin + length - 1, when if timed else None, closed)


def candle_of(begin: int, end: int, when: int | None, closed: bool) -> bytes:
    timed = f'"E":{when},' if when is not None else ""
    return (
        f'{{"e":"kline",{timed}"s":"BTCUSDT","k":{{"t":{begin},"T":{end},"s":"BTCUSDT","i":"1m","f":1,'
        f'"L":9,"o":"1.00","c":"1.01","h":"1.02","l":"1.00","v":"2","n":3,"x":{str(closed).lower()},'
        f'"q":"1","V":"1","Q":"1","B":"0"}}}}'
    ).encode()


class GapRig(Paired):
    """One engine, its records since the last look, and everything it knows of gaps."""

    def __enter__(self) -> Self:
        return self

    def gap(self, number: int) -> Gap:
        """A gap that there must be."""
        found = self.engine.gap_of(number)
        assert found is not None
        return found

    def look(self) -> list[Record]:
        """Records since the last look, without those of states."""
        return [record for record in self.events.read() if record.meta.kind != Kind.STATE]

    def told(self) -> list[tuple[Any, ...]]:
        """The same in short: ids of events with their flags, gaps with their numbers and states."""
        return [short(record) for record in self.look()]

    def fill(self, suffix: str, payload: bytes) -> str:
        return self.engine.back_fill(self.rows[suffix], payload)

    def slot_of(self, number: int) -> Any:
        data = self.segment.slot(SectionKind.GAPS, number % layout.GAPS_CAPACITY)
        return None if data is None else unpack(layout.GAP, data)

    def gap_notices(self) -> list[tuple[int, int, int]]:
        return [(n.number, n.a, n.b) for n in self.notices(NoticeCode.GAP)]

    def check_counters(self) -> None:
        """Every gap is in one place: closed in some way, or open."""
        counters = self.segment.counters()
        closed = {name: getattr(counters, f"gaps_{name}") for name in CLOSES}
        found = [self.slot_of(number) for number in range(1, counters.gaps + 1)]
        kept = [gap for number, gap in enumerate(found, 1) if gap.gap_number == number]
        is_open = sum(gap.gap_state == GapState.OPEN for gap in kept)
        assert counters.gaps == sum(closed.values()) + is_open
        assert all((gap.closed_real == layout.NULL) == (gap.gap_state == 1) for gap in kept)


def short(record: Record) -> tuple[Any, ...]:
    meta = record.meta
    if meta.kind in (Kind.GAP, Kind.GAP_CLOSED):
        state = record.fields(layout.STATE)
        return Kind(meta.kind).name, state.gap_number, GapState(state.gap_state).name
    marks = {Flag.BACKFILLED: "B", Flag.DUPLICATE: "D"}
    flags = "".join(mark for flag, mark in marks.items() if meta.flags & flag)
    return (meta.update_id, flags) if flags else (meta.update_id,)
