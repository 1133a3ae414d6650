"""Arrays and merged streams: each row becomes an event of its own, foreign ones are left out."""

from __future__ import annotations

import ctypes
import json
from typing import Any

import pytest

from gateway import layout
from gateway.core.engine import NO_ROW, FrameClass, NoticeCode
from gateway.layout import Flag, Kind, Market, SectionKind, Shape, Status
from gateway.plan import PlanSymbol
from tests.core.paired import Paired, ids
from tests.model.ring import unpack


def mark(symbol: str, price: str, ms: int = 1, st: int | None = 1) -> bytes:
    tail = "" if st is None else f',"st":{st}'
    return (
        f'{{"e":"markPriceUpdate","E":{1795345200000 + ms},"s":"{symbol}","p":"{price}",'
        f'"i":"1.00000000","P":"1.00000000","r":"0.00010000","T":1795363200000{tail}}}'
    ).encode()


class Sent:
    """Stands in for zmq_send: keeps what the core hands over, and on which socket."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, bytes]] = []
        form = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        )
        self.function = form(self._send)
        self.address = ctypes.cast(self.function, ctypes.c_void_p).value or 0

    def _send(self, socket: int, data: int, length: int, flags: int) -> int:
        self.messages.append((socket, ctypes.string_at(data, length)))
        return length

    def json(self) -> list[tuple[str, int, str, bytes]]:
        """(topic, sequence, flags, payload) of each message."""
        found = []
        for _, message in self.messages:
            topic, _, sequence, _, flags, payload = message.split(b" ", 5)
            found.append((topic.decode(), int(sequence), flags.decode(), payload))
        return found


@pytest.fixture
def rig() -> Any:
    with Paired(Market.USDM) as made:
        yield made


def array(rig: Paired, *symbols: str) -> tuple[int, list[int]]:
    """The mark price array, with rows for some symbols."""
    parent = rig.whole_market("!markPrice@arr@1s", Kind.MARK_PRICE, Shape.ARRAY)
    rows = []
    for symbol in symbols:
        number = rig.engine.add_symbol(PlanSymbol(Market.USDM, symbol, -2, -2))
        name = f"usdm:{symbol.lower()}@markPrice@1s"
        rows.append(rig.engine.add_row(parent, number, name))
    return parent, rows


def mark_of(rig: Paired, stream: int) -> Any:
    symbol = rig.segment.streams()[stream].symbol
    return unpack(layout.MARK, rig.segment.slot(SectionKind.MARK_PRICE, symbol) or b"")


def test_each_row_of_an_array_is_an_event_with_its_own_slot_and_number(rig: Paired) -> None:
    parent, (eth, sol) = array(rig, "ETHUSDT", "SOLUSDT")
    for tick in (1, 2):
        data = (
            b"[" + mark("ETHUSDT", "3400.5", tick) + b"," + mark("SOLUSDT", "150.25", tick) + b"]"
        )
        rig.give(rig.a, "!markPrice@arr@1s", data)
    records = rig.records(Kind.MARK_PRICE)
    assert [(r.meta.stream, r.meta.sequence) for r in records] == [
        (eth, 1), (sol, 1), (eth, 2), (sol, 2),
    ]  # fmt: skip
    assert mark_of(rig, eth).mark_px == 340_050_000_000
    assert mark_of(rig, sol).status == Status.LIVE
    rows = rig.segment.streams()
    assert (rows[parent].sequence, rows[eth].parent, rows[eth].shape) == (2, parent, Shape.ROW)
    assert rig.segment.counters().rows_split == 4


def test_rows_of_the_other_market_are_left_out_and_counted(rig: Paired) -> None:
    array(rig, "ETHUSDT")
    sent = Sent()
    rig.engine.set_publisher(sent.address, 1, 2)
    for stream in range(2):
        rig.engine.set_wanted(stream, True, False)
    own, foreign = mark("ETHUSDT", "3400.5"), mark("BTCUSD_PERP", "9.0", st=2)
    nameless = mark("BTCUSD_261225", "9.0", st=None)
    rig.give(rig.a, "!markPrice@arr@1s", b"[" + b",".join((foreign, own, nameless)) + b"]")
    assert sent.json() == [
        ("usdm:!markPrice@arr@1s", 1, "-", b"[" + own + b"]"),
        ("usdm:ethusdt@markPrice@1s", 1, "-", own),
    ]
    assert [socket for socket, _ in sent.messages] == [2, 1]  # arrays have a socket of their own
    assert rig.segment.counters().rows_foreign == 2


def test_an_array_of_own_rows_alone_is_published_as_the_venue_wrote_it(rig: Paired) -> None:
    array(rig, "ETHUSDT")
    sent = Sent()
    rig.engine.set_publisher(sent.address, 1, 2)
    rig.engine.set_wanted(0, True, False)
    data = b"[ " + mark("ETHUSDT", "1.0") + b" , " + mark("XUSDT", "2.0") + b" ]"
    rig.give(rig.a, "!markPrice@arr@1s", data)
    assert [payload for *_, payload in sent.json()] == [data]


def test_an_array_too_long_for_one_raw_record_is_still_split_and_published() -> None:
    with Paired(Market.USDM) as rig:
        _, rows = array(rig, *(f"S{number}USDT" for number in range(40)))
        sent = Sent()
        rig.engine.set_publisher(sent.address, 1, 2)
        for stream in range(41):
            rig.engine.set_wanted(stream, True, False)
        marks = [mark(f"S{number}USDT", f"{number}.5") for number in range(40)]
        data = b"[" + b",".join(marks * 2) + b"]"
        assert len(data) > (1 << 16) // 8
        rig.give(rig.a, "!markPrice@arr@1s", data)
        payloads = [payload for *_, payload in sent.json()]
        assert payloads == [data, *marks, *marks]
        assert all(rig.segment.streams()[row].sequence == 2 for row in rows)


def test_a_row_of_a_symbol_not_carried_is_reported_and_one_subscribed_by_itself_is_not(
    rig: Paired,
) -> None:
    parent, _ = array(rig, "ETHUSDT")
    rig.engine.cover_row(parent, rig.symbol)
    data = b"[" + mark("BTCUSDT", "1") + b"," + mark("NEWUSDT", "1") + b"]"
    rig.give(rig.a, "!markPrice@arr@1s", data)
    notices = rig.notices(NoticeCode.ROW_UNKNOWN)
    assert [(n.row, n.head) for n in notices] == [(parent, b"NEWUSDT")]
    counters = rig.segment.counters()
    assert (counters.rows_covered, counters.rows_unknown) == (1, 1)


def test_a_listing_gets_its_row_while_the_array_runs(rig: Paired) -> None:
    parent, _ = array(rig, "ETHUSDT")
    rig.give(rig.a, "!markPrice@arr@1s", b"[" + mark("NEWUSDT", "1", 1) + b"]")
    symbol = rig.engine.add_symbol(PlanSymbol(Market.USDM, "NEWUSDT", -2, -2))
    child = rig.engine.add_row(parent, symbol, "usdm:newusdt@markPrice@1s")
    rig.give(rig.a, "!markPrice@arr@1s", b"[" + mark("NEWUSDT", "7", 2) + b"]")
    assert mark_of(rig, child).mark_px == 700_000_000


def test_a_row_may_be_subscribed_by_itself_and_go_back_to_its_array(rig: Paired) -> None:
    parent, (eth,) = array(rig, "ETHUSDT")
    symbol = rig.segment.streams()[eth].symbol
    name = "usdm:ethusdt@markPrice@1s"

    def tick(ms: int, single: bool) -> None:
        rig.give(rig.a, "!markPrice@arr@1s", b"[" + mark("ETHUSDT", "1", ms) + b"]")
        if single:
            frame = b'{"stream":"ethusdt@markPrice@1s","data":%s}' % mark("ETHUSDT", "2", ms)
            assert rig.engine.frame(rig.a, frame) is FrameClass.DATA

    tick(1, single=False)
    rig.engine.remove_stream(eth)
    rig.engine.cover_row(parent, symbol)
    assert rig.engine.add_stream(name, Kind.MARK_PRICE, symbol, rig.a) == eth
    rig.engine.acked(rig.a, [eth])
    tick(2, single=True)
    rig.engine.remove_stream(eth)
    assert rig.engine.add_row(parent, symbol, name) == eth
    tick(3, single=False)
    prices = [r.fields(layout.MARK).mark_px for r in rig.records(Kind.MARK_PRICE)]
    assert prices == [100_000_000, 200_000_000, 100_000_000]
    assert rig.segment.streams()[eth].sequence == 3


@pytest.mark.parametrize("broken", [b"[{]", b"[]]", b'[{"s":"ETHUSDT"', b"{}", b"[1,2]", b"7"])
def test_a_broken_array_is_refused_as_a_whole(rig: Paired, broken: bytes) -> None:
    array(rig, "ETHUSDT")
    frame = b'{"stream":"!markPrice@arr@1s","data":%s}' % broken
    assert rig.engine.frame(rig.a, frame) is FrameClass.REFUSED
    assert rig.segment.counters().frames_unreadable == 1


def test_one_unreadable_row_leaves_the_others_as_they_are(rig: Paired) -> None:
    _, (eth, sol) = array(rig, "ETHUSDT", "SOLUSDT")
    rig.give(rig.a, "!markPrice@arr@1s", b"[" + mark("ETHUSDT", "1") + b"]")
    bad = b'{"e":"markPriceUpdate","s":"ETHUSDT","p":"oops"}'
    rig.give(rig.a, "!markPrice@arr@1s", b"[" + bad + b"," + mark("SOLUSDT", "2") + b"]")
    assert mark_of(rig, eth).status == Status.STALE
    assert mark_of(rig, sol).status == Status.LIVE
    assert len(rig.records(Kind.UNREADABLE)) == 1
    assert rig.segment.counters().rows_unreadable == 1


def test_two_links_bring_an_array_and_its_rows_once(rig: Paired) -> None:
    array(rig, "ETHUSDT", "SOLUSDT")
    rig.engine.link_up(rig.b)
    first = b"[" + mark("ETHUSDT", "1", 1) + b"]"
    both = b"[" + mark("ETHUSDT", "1", 1) + b"," + mark("SOLUSDT", "2", 1) + b"]"
    rig.give(rig.a, "!markPrice@arr@1s", first)
    rig.give(rig.b, "!markPrice@arr@1s", first)
    rig.give(rig.b, "!markPrice@arr@1s", both)  # cut differently
    assert len(rig.records(Kind.MARK_PRICE)) == 2
    counters = rig.segment.counters()
    assert (counters.frames_duplicate, counters.rows_duplicate) == (1, 1)


def quote(symbol: str, number: int, st: int) -> bytes:
    return (
        f'{{"e":"bookTicker","u":{number},"E":1795345200131,"T":1795345200130,"s":"{symbol}",'
        f'"ps":"X","b":"1.00","B":"1","a":"2.00","A":"1","st":{st}}}'
    ).encode()


def test_a_merged_stream_is_parted_by_symbol_and_market(rig: Paired) -> None:
    parent = rig.whole_market("!bookTicker", Kind.QUOTE, Shape.MERGED)
    child = rig.engine.add_row(parent, rig.symbol, "usdm:btcusdt@bookTicker")
    sent = Sent()
    rig.engine.set_publisher(sent.address, 1, 2)
    for stream in (parent, child):
        rig.engine.set_wanted(stream, True, False)
    rig.give(rig.a, "!bookTicker", quote("BTCUSDT", 5, 1))
    rig.give(rig.a, "!bookTicker", quote("BTCUSD_PERP", 6, 2))
    rig.give(rig.a, "!bookTicker", quote("BTCUSDT", 7, 1))
    assert ids(rig.records(Kind.QUOTE)) == [5, 7]
    topics = [(topic, sequence) for topic, sequence, *_ in sent.json()]
    assert topics == [
        ("usdm:!bookTicker", 1), ("usdm:btcusdt@bookTicker", 1),
        ("usdm:!bookTicker", 2), ("usdm:btcusdt@bookTicker", 2),
    ]  # fmt: skip
    flags = [Flag(r.meta.flags) & Flag.FOREIGN for r in rig.raw.read()]
    assert flags == [Flag(0), Flag.FOREIGN, Flag(0)]
    assert rig.segment.counters().frames_foreign == 1


def contract(symbol: str, status: str) -> bytes:
    return (
        f'{{"e":"contractInfo","E":1795345200908,"s":"{symbol}","ps":"{symbol}","ct":"PERPETUAL",'
        f'"dt":4133404800000,"ot":1569398400000,"cs":"{status}","st":1}}'
    ).encode()


def test_a_contract_that_stops_trading_halts_its_slots_until_new_data(rig: Paired) -> None:
    rig.stream("bookTicker")
    parent = rig.whole_market("!contractInfo", Kind.CONTRACT_INFO, Shape.MERGED)
    rig.engine.add_row(parent, rig.symbol, "usdm:btcusdt@contractInfo")
    rig.give(rig.a, "bookTicker", quote("BTCUSDT", 5, 1))
    rig.give(rig.a, "!contractInfo", contract("BTCUSDT", "SETTLING"))
    assert quote_status(rig) == Status.HALTED
    rig.give(rig.a, "bookTicker", quote("BTCUSDT", 6, 1))
    assert quote_status(rig) == Status.HALTED
    rig.give(rig.a, "!contractInfo", contract("BTCUSDT", "TRADING"))
    assert quote_status(rig) == Status.SYNCING
    rig.give(rig.a, "bookTicker", quote("BTCUSDT", 7, 1))
    assert quote_status(rig) == Status.LIVE


def quote_status(rig: Paired) -> int:
    cell = rig.segment.slot(SectionKind.QUOTE, rig.symbol) or b""
    status: int = unpack(layout.META, cell).status
    return status


def test_a_synthetic_array_holds_what_changed_since_the_last_tick() -> None:
    with Paired() as rig:
        from tests.core.test_engine_links import ticker

        stream = rig.stream("ticker")
        made = rig.engine.add_synthetic("spot:!ticker@arr", Kind.TICKER)
        assert made != NO_ROW
        rig.engine.collect(stream, made)
        sent = Sent()
        rig.engine.set_publisher(sent.address, 1, 2)
        rig.engine.set_wanted(made, True, False)
        rig.give(rig.a, "ticker", ticker(1))
        rig.give(rig.a, "ticker", ticker(2, "3.00"))
        rig.engine.flush_synthetic(made)
        rig.engine.flush_synthetic(made)  # nothing changed: nothing is said
        rig.give(rig.a, "ticker", ticker(3))
        rig.engine.flush_synthetic(made)
        assert sent.json() == [
            ("spot:!ticker@arr", 1, "S", b"[" + ticker(2, "3.00") + b"]"),
            ("spot:!ticker@arr", 2, "S", b"[" + ticker(3) + b"]"),
        ]
        assert json.loads(sent.json()[0][3])[0]["c"] == "3.00"
        assert {socket for socket, _ in sent.messages} == {2}
        rig.engine.collect(stream, NO_ROW)
        rig.give(rig.a, "ticker", ticker(4))
        rig.engine.flush_synthetic(made)
        assert len(sent.messages) == 2
