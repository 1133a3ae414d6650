"""``gw.events()``: every record in order, what was lost said, restarts marked."""

from __future__ import annotations

import itertools
import struct
import threading
import time
from types import SimpleNamespace

import pytest

from gateway_client import (
    EventKind,
    LevelsEvent,
    QuoteEvent,
    StateEvent,
    Status,
    TradeEvent,
    TradingSessionEvent,
    UnknownSymbol,
)
from gateway_client.gateway import Gateway
from gateway_client.layout import FIELDS, FORMATS, NO_ROW, SIZES, Flag, Kind, Reason
from tests.clients.support import WATCHDOG_SECONDS, Shard, running
from tests.waiting import wait_for

BTC, ETH = "spot:BTCUSDT", "spot:ETHUSDT"


class RingWriter:
    """Appends records to a shard's EVENTS ring, in this process."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.section = shard.current.sections["events"]
        self.number = 0
        self.position = 0

    def write(self, kind: Kind, layout: str, levels: bytes = b"", **values: int) -> int:
        """Append a record of struct ``layout``; its position."""
        length = -(-(SIZES[layout] + len(levels)) // 64) * 64
        left = self.section.ring_capacity - self.position % self.section.ring_capacity
        if left < length:
            self._put(self.position, {"length": left, "kind": Kind.PAD}, "meta", b"")
            self.position += left
        self.number += 1
        head = {
            "version": self.number, "kind": kind, "length": length, "status": Status.LIVE,
            "ring_position": self.position, "stream": NO_ROW,
        }  # fmt: skip
        position = self.position
        self.position += length
        self._store("tail_intent", self.position)
        self._put(position, head | values, layout, levels)
        self._store("record_count", self.number)
        self._store("tail", self.position)
        self.shard.beat()
        self.shard.store("bell", self.shard.load("bell") + 1)
        return position

    def _put(self, position: int, values: dict[str, int], layout: str, levels: bytes) -> None:
        record = bytearray(SIZES[layout])
        for name, value in values.items():
            offset, kind, _ = FIELDS[layout][name]
            struct.pack_into("<" + FORMATS[kind], record, offset, value)
        at = self.section.offset + self.section.cell_offset
        at += position % self.section.ring_capacity
        self.shard.current.memory[at : at + len(record) + len(levels)] = bytes(record) + levels

    def _store(self, name: str, value: int) -> None:
        at = self.section.offset + FIELDS["ring"][name][0]
        self.shard.current.memory[at : at + 8] = value.to_bytes(8, "little")


@pytest.fixture
def ring(shard: Shard) -> RingWriter:
    return RingWriter(shard)


def test_each_kind_has_its_fields(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(timeout=0)
    ring.write(Kind.QUOTE, "quote", bid_px=100, ask_px=101, symbol=1)
    ring.write(Kind.TRADE, "trade", px=150, qty=5, update_id=7, flags=Flag.BUYER_IS_MAKER)
    flags = Flag.APPLIED | Flag.FIRST | Flag.LAST
    diff = struct.pack("<6q", 100, 1, 99, 0, 101, 3)
    ring.write(
        Kind.DIFF, "diff", diff, bid_count=2, ask_count=1, first_update_id=5, prev_update_id=4,
        update_id=6, flags=flags, best_bid_px=100,
    )  # fmt: skip
    ring.write(
        Kind.STATE, "state", status=Status.GAPPED, previous_status=Status.LIVE, subject=Kind.BOOK,
        reason=Reason.GAP,
    )  # fmt: skip
    ring.write(Kind.GAP, "state", expected_id=8, received_id=11, subject=Kind.BOOK)
    quote, trade, levels, state, gap = events
    assert isinstance(quote, QuoteEvent)
    assert (quote.symbol, quote.bid_px, quote.ask_px) == (ETH, 1.0, 1.01)
    assert isinstance(trade, TradeEvent)
    assert (trade.px, trade.update_id, trade.is_buyer_maker) == (1.5, 7, True)
    assert isinstance(levels, LevelsEvent)
    assert levels.bids == [(1.0, 1e-5), (0.99, 0.0)]
    assert levels.asks == [(1.01, 3e-5)]
    assert (levels.first_update_id, levels.prev_update_id, levels.update_id) == (5, 4, 6)
    assert (levels.is_applied, levels.is_first, levels.is_last) == (True, True, True)
    assert levels.best_bid_px == 1.0
    assert isinstance(state, StateEvent)
    assert (state.state, state.previous) == (Status.GAPPED, Status.LIVE)
    assert (state.subject, state.reason) == (EventKind.BOOK, Reason.GAP)
    assert isinstance(gap, StateEvent)
    assert (gap.kind, gap.expected_id, gap.received_id) == (EventKind.GAP, 8, 11)
    assert [event.number for event in (quote, trade, levels, state, gap)] == [1, 2, 3, 4, 5]


def test_kind_of_a_newer_layout_is_passed_on(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(timeout=0)
    ring.write(77, "quote", update_id=5)  # type: ignore[arg-type]  # no kind that is known
    (event,) = events
    assert (event.kind, event.update_id) == (EventKind.UNKNOWN, 5)


def test_one_instrument_is_filtered(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(ETH, timeout=0)
    for row in (0, 1, 0, 1):
        ring.write(Kind.TRADE, "trade", symbol=row)
    assert [(event.number, event.lost) for event in events] == [(2, 0), (4, 0)]


def test_state_and_all_that_follows_have_no_gap(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(shard.run_dir)
    ring.write(Kind.TRADE, "trade", update_id=1)
    shard.write_book(0, [(1, 1)], [(2, 2)], update_id=1, ring_position=ring.position)
    ring.write(Kind.TRADE, "trade", update_id=2)
    ring.write(Kind.TRADE, "trade", update_id=3)
    position = gateway.book(BTC).ring_position
    events = gateway.events(BTC, position=position, timeout=0)
    assert [event.update_id for event in events] == [2, 3]


def test_starts_at_the_tail_or_at_the_oldest(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(shard.run_dir)
    ring.write(Kind.TRADE, "trade")
    assert list(gateway.events(timeout=0)) == []
    assert len(list(gateway.events(from_now=False, timeout=0))) == 1


def test_lost_says_how_many_records_are_missing_before_an_event(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.ring = 4096
    ring = RingWriter(shard.start())
    events = gateway_class(shard.run_dir).events(timeout=0)
    ring.write(Kind.TRADE, "trade")
    assert next(events).lost == 0
    for _ in range(100):
        ring.write(Kind.TRADE, "trade")
    assert list(events) == []
    ring.write(Kind.TRADE, "trade")
    ring.write(Kind.TRADE, "trade")
    assert [(event.number, event.lost) for event in events] == [(102, 100), (103, 0)]
    assert (events.lost, events.laps) == (100, 1)


def test_instrument_added_meanwhile_has_its_name_and_scale(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(timeout=0)
    row = shard.add_symbol("NEWUSDT", px_exponent=-3)
    ring.write(Kind.TRADE, "trade", symbol=row, px=1500)
    (event,) = events
    assert (event.symbol, event.px) == ("spot:NEWUSDT", 1.5)  # type: ignore[attr-defined]  # a trade


def test_retired_row_is_followed_to_its_successor(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(BTC, timeout=0)
    shard.retire(0)
    row = shard.add_symbol("BTCUSDT", px_exponent=-4)
    ring.write(Kind.STATE, "state", status=Status.RETIRED, symbol=0)
    ring.write(Kind.TRADE, "trade", symbol=1)
    ring.write(Kind.TRADE, "trade", symbol=row, px=10000)
    found = list(events)
    assert [event.kind for event in found] == [EventKind.STATE, EventKind.TRADE]
    assert found[1].px == 1.0  # type: ignore[attr-defined]  # a trade


@pytest.mark.parametrize("symbol", [None, BTC])
def test_restart_is_marked_and_nothing_of_either_ring_is_missed(
    shard: Shard, gateway_class: type[Gateway], symbol: str | None
) -> None:
    old = RingWriter(shard)
    gateway = gateway_class(shard.run_dir)
    events = gateway.events(symbol, timeout=WATCHDOG_SECONDS)
    old.write(Kind.TRADE, "trade", update_id=1)
    old.write(Kind.TRADE, "trade", update_id=2)
    shard.start()
    new = RingWriter(shard)
    new.write(Kind.TRADE, "trade", update_id=3)
    new.write(Kind.TRADE, "trade", update_id=4)
    found = list(itertools.islice(events, 5))
    assert [event.update_id for event in found if event.kind is EventKind.TRADE] == [1, 2, 3, 4]
    assert [event.kind for event in found].index(EventKind.EPOCH) == 2
    assert [event.epoch for event in found[2:]] == [shard.current.generation] * 3
    assert found[0].epoch < shard.current.generation
    assert sum(event.lost for event in found) == 0


def test_waiting_reader_is_woken(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway]
) -> None:
    events = gateway_class(shard.run_dir).events(timeout=WATCHDOG_SECONDS)
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.append(next(events).number))
    reader.start()
    with running(programs.writer, shard.segment, "ring", 64):
        wait_for(lambda: found, "an event")
    reader.join()
    assert found == [1]


def test_ends_after_the_timeout(shard: Shard, gateway_class: type[Gateway]) -> None:
    begun = time.monotonic()
    assert list(gateway_class(shard.run_dir).events(timeout=0.05)) == []
    assert time.monotonic() - begun >= 0.05


def test_unknown_symbol_is_refused(shard: Shard, gateway_class: type[Gateway]) -> None:
    with pytest.raises(UnknownSymbol):
        gateway_class(shard.run_dir).events("spot:NOSUCH")


@pytest.fixture
def other(shard: Shard) -> Shard:
    """A second shard with rows of the same instruments, in another order."""
    return Shard(shard.run_dir, number=1, symbols=("ETHUSDT", "BTCUSDT")).start()


def test_events_of_an_instrument_come_from_every_shard_that_carries_it(
    shard: Shard, ring: RingWriter, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    events = gateway_class(shard.run_dir).events(BTC, timeout=0)
    second = RingWriter(other)
    ring.write(Kind.TRADE, "trade", symbol=0, update_id=1)
    second.write(Kind.MARK_PRICE, "mark", symbol=1, mark_px=10**8)
    second.write(Kind.MARK_PRICE, "mark", symbol=0)
    found = {event.kind: event for event in events}
    assert set(found) == {EventKind.TRADE, EventKind.MARK_PRICE}
    assert found[EventKind.MARK_PRICE].mark_px == 1.0
    assert {event.symbol for event in found.values()} == {BTC}


@pytest.mark.parametrize("symbol", [None, BTC])
def test_shard_that_is_added_later_is_read_from_its_first_record(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway], symbol: str | None
) -> None:
    events = gateway_class(shard.run_dir).events(symbol, timeout=WATCHDOG_SECONDS)
    assert events.poll() is None
    other = Shard(shard.run_dir, number=1, symbols=("ETHUSDT", "BTCUSDT")).start()
    RingWriter(other).write(Kind.TRADE, "trade", symbol=1, update_id=7)
    shard.write_manifest(other)
    assert (next(events).update_id, events.lost) == (7, 0)


def test_row_that_is_added_later_in_another_shard_is_followed(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    other = Shard(shard.run_dir, number=1, symbols=("ETHUSDT",)).start()
    shard.write_manifest(other)
    events = gateway_class(shard.run_dir).events(BTC, timeout=WATCHDOG_SECONDS)
    writer = RingWriter(other)
    writer.write(Kind.TRADE, "trade", symbol=0, update_id=6)
    row = other.add_symbol("BTCUSDT")
    writer.write(Kind.TRADE, "trade", symbol=row, update_id=7)
    assert next(events).update_id == 7


def test_busy_shard_does_not_keep_the_others_waiting(
    shard: Shard, ring: RingWriter, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    events = gateway_class(shard.run_dir).events(timeout=0)
    second = RingWriter(other)
    for number in range(6):
        ring.write(Kind.TRADE, "trade", update_id=number)
    second.write(Kind.TRADE, "trade", update_id=100)
    first = [next(events).update_id for _ in range(3)]
    assert 100 in first


def test_one_of_several_shards_is_restarted_and_the_others_go_on(
    shard: Shard, ring: RingWriter, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    events = gateway_class(shard.run_dir).events(BTC, timeout=WATCHDOG_SECONDS)
    other.start()
    RingWriter(other).write(Kind.TRADE, "trade", symbol=1, update_id=9)
    epoch, trade = next(events), next(events)
    assert (epoch.kind, epoch.epoch) == (EventKind.EPOCH, other.current.generation)
    assert (trade.update_id, trade.symbol) == (9, BTC)
    ring.write(Kind.TRADE, "trade", symbol=0, update_id=10)
    assert next(events).update_id == 10


def test_after_a_value_means_its_own_ring(
    shard: Shard, ring: RingWriter, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    other.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1)
    second = RingWriter(other)
    second.write(Kind.TICKER, "ticker", symbol=1, sequence=1)
    other.write_cell("ticker", 1, sequence=1, ring_position=second.position)
    second.write(Kind.TICKER, "ticker", symbol=1, sequence=2)
    gateway = gateway_class(shard.run_dir)
    ticker = gateway.ticker(BTC)
    found = list(gateway.events(BTC, after=ticker, timeout=0))
    assert [(event.kind, event.sequence) for event in found] == [(EventKind.TICKER, 2)]
    second.write(Kind.TICKER, "ticker", symbol=1, sequence=3)
    assert [event.sequence for event in gateway.events(after=ticker, timeout=0)] == [2, 3]
    ring.write(Kind.QUOTE, "quote", symbol=0, update_id=1)
    shard.write_cell("quote", 0, update_id=1, sequence=1, ring_position=ring.position)
    ring.write(Kind.QUOTE, "quote", symbol=0, update_id=2)
    events = gateway.events(BTC, after=gateway.quote(BTC), timeout=0)
    assert [event.update_id for event in events] == [2]


def test_after_a_value_of_a_writer_that_is_gone_means_all_of_the_new_one(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(shard.run_dir)
    shard.write_cell("quote", 0, ring_position=640)
    book = gateway.book(BTC)
    shard.start()
    RingWriter(shard).write(Kind.TRADE, "trade", update_id=1)
    wait_for(lambda: gateway.book(BTC).epoch == shard.current.generation, "the new segment")
    assert [event.update_id for event in gateway.events(BTC, after=book, timeout=0)] == [1]


def test_position_that_may_be_of_any_ring_is_refused(
    shard: Shard, other: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_manifest(other)
    gateway = gateway_class(shard.run_dir)
    with pytest.raises(ValueError, match="give after=value"):
        gateway.events(position=0)
    assert list(gateway.events(BTC, position=0, timeout=0)) == []


def test_event_of_no_instrument_has_an_empty_symbol(
    shard: Shard, ring: RingWriter, gateway_class: type[Gateway]
) -> None:
    row = shard.add_stream("spot:tradingSession", Kind.TRADING_SESSION, NO_ROW)
    events = gateway_class(shard.run_dir).events(timeout=0)
    ring.write(Kind.TRADING_SESSION, "session", symbol=NO_ROW, stream=row, start_time=5)
    (event,) = events
    assert isinstance(event, TradingSessionEvent)
    assert (event.symbol, event.stream, event.start_time) == ("", "spot:tradingSession", 5)
