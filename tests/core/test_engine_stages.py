"""How long an event took to be visible and to be handed to ZeroMQ: one in 16 is timed."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import layout
from gateway.core import probe
from gateway.core.engine import hold_clock
from gateway.layout import SAMPLED_ONE_IN, Market, SectionKind
from tests.core.paired import Paired
from tests.core.test_engine_rows import Sent, array, mark

RECV, PUBLISH, VISIBLE, ZMQ = range(4)
EVENTS = 1600
SAMPLED = range(EVENTS // SAMPLED_ONE_IN - 2, EVENTS // SAMPLED_ONE_IN + 3)


class Late(Sent):
    """A socket that takes ``ns`` for each message, or refuses it."""

    def __init__(self, ns: int, *, refuses: bool = False) -> None:
        super().__init__()
        self.ns, self.refuses, self.now = ns, refuses, 0

    def _send(self, socket: int, data: int, length: int, flags: int) -> int:
        self.now += self.ns
        hold_clock(self.now)
        super()._send(socket, data, length, flags)
        return -1 if self.refuses else length


@pytest.fixture
def rig() -> Iterator[Paired]:
    with Paired() as made:
        made.stream("bookTicker")
        yield made
    hold_clock(0)


def stage(rig: Paired, row: int) -> Any:
    return rig.segment.rows(SectionKind.HISTOGRAMS, layout.HISTOGRAM, 4)[row]


def buckets(rig: Paired, row: int) -> dict[int, int]:
    section = rig.segment.sections[SectionKind.HISTOGRAMS]
    at = section.offset + section.stride * row + layout.HISTOGRAM.offsets()["buckets"]
    found = struct.unpack_from(f"<{layout.HISTOGRAM_BUCKETS}Q", rig.memory, at)
    return {number: count for number, count in enumerate(found) if count}


def quote(number: int) -> bytes:
    return b'{"u":%d,"s":"BTCUSDT","b":"1.00","B":"1","a":"1.10","A":"1"}' % number


def give(rig: Paired, first: int, count: int = 1) -> None:
    for number in range(first, first + count):
        rig.give(rig.a, "bookTicker", quote(number))


def test_every_event_is_timed_until_decoded_and_one_in_16_until_visible(rig: Paired) -> None:
    give(rig, 1, EVENTS)
    assert stage(rig, RECV).count == 0  # spot quotes do not say their time
    assert stage(rig, PUBLISH).count == EVENTS
    assert stage(rig, VISIBLE).count in SAMPLED
    assert 0 < stage(rig, VISIBLE).sum / stage(rig, VISIBLE).count < 1e9
    assert stage(rig, ZMQ).count == 0
    assert [stage(rig, row).one_in for row in range(4)] == [1, 1, 16, 16]


def test_rows_of_arrays_are_timed_each() -> None:
    with Paired(Market.USDM) as rig:
        array(rig, "ETHUSDT", "SOLUSDT")
        for tick in range(EVENTS // 2):
            rows = mark("ETHUSDT", "3400.5", tick), mark("SOLUSDT", "150.25", tick)
            rig.give(rig.a, "!markPrice@arr@1s", b"[" + b",".join(rows) + b"]")
        assert stage(rig, PUBLISH).count == EVENTS // 2
        assert stage(rig, VISIBLE).count in SAMPLED


@pytest.mark.parametrize("binary", [False, True])
def test_a_message_is_timed_from_the_decoding_of_its_event_until_zeromq_has_it(
    rig: Paired, binary: bool
) -> None:
    socket = Late(ns=5000)
    rig.engine.set_publisher(socket.address, 1, 2)
    rig.engine.set_wanted(0, not binary, binary)
    for number in range(1, EVENTS + 1):
        socket.now = rig.now + number * 100_000
        hold_clock(socket.now)
        give(rig, number)
    assert len(socket.messages) == EVENTS
    assert stage(rig, ZMQ).count in SAMPLED
    assert buckets(rig, ZMQ) == {probe.bucket(5000): stage(rig, ZMQ).count}
    assert stage(rig, ZMQ).max == 5000


def test_a_message_waits_for_those_before_it_in_its_batch(rig: Paired) -> None:
    socket = Late(ns=1000)
    rig.engine.set_publisher(socket.address, 1, 2)
    rig.engine.set_wanted(0, True, False)
    socket.now = rig.now
    hold_clock(rig.now)
    for number in range(1, 65):
        payload = b'{"stream":"btcusdt@bookTicker","data":%s}' % quote(number)
        rig.engine.frame(rig.a, payload, rig.now)
    rig.engine.batch_end()
    waits = [1000 * number for number in range(1, 65) if probe.is_sampled(number)]
    assert buckets(rig, ZMQ) == Counter(probe.bucket(wait) for wait in waits)
    assert len(waits) > 2


def test_what_the_socket_refuses_is_not_timed(rig: Paired) -> None:
    socket = Late(ns=5000, refuses=True)
    rig.engine.set_publisher(socket.address, 1, 2)
    rig.engine.set_wanted(0, True, True)
    give(rig, 1, 100)
    assert len(socket.messages) == rig.segment.counters().zmq_refused == 200
    assert stage(rig, ZMQ).count == 0


@pytest.mark.parametrize("streams", [1, 2, 3, 4, 5, 8, 16, 17, 32, 48, 64, 100])
def test_streams_that_take_turns_are_met_alike(streams: int) -> None:
    """Each has its share of what is timed, however many there are."""
    count = 2000 * SAMPLED_ONE_IN * streams
    found = Counter(number % streams for number in range(count) if probe.is_sampled(number))
    assert sorted(found) == list(range(streams))
    assert all(1900 <= timed <= 2100 for timed in found.values())
