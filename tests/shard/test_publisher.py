"""What a real ZeroMQ subscriber gets from an engine over a real segment."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from gateway import segment_file
from gateway.core.engine import NO_ROW, Engine
from gateway.layout import COUNTERS, META, GapState, Kind, Market, Shape
from gateway.plan import PlanSymbol, ShardPlan
from gateway.shard.publisher import ARRAYS_HWM, TOPICS_A_POLL, Publisher
from gateway_client.subscriber import parse

QUOTE = (
    b'{"stream":"btcusdt@bookTicker","data":'
    b'{"u":%d,"s":"BTCUSDT","b":"91234.55","B":"1.20","a":"91234.56","A":"0.98"}}'
)
DIFF = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1795345200123,"s":"BTCUSDT",'
    b'"U":%d,"u":%d,"b":[["91234.55","1.2"]],"a":[["91234.56","1"]]}}'
)
SNAPSHOT = b'{"lastUpdateId":100,"bids":[["91234.55","1.0"]],"asks":[["91234.56","2.0"]]}'


START = 1795345200000_000_000  # ns


def trade(number: int) -> bytes:
    at = START // 1_000_000 + number
    return (
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"1.00",'
        b'"q":"1.00","T":%d,"m":true,"M":true}}' % (at, number, at)
    )


class Bench:
    """A segment, an engine with two streams, its publisher and one subscriber."""

    def __init__(self, run_dir: Path, ring_bytes: int = 1 << 20) -> None:
        symbols = [PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5)]
        plan = ShardPlan(
            0, 1, 1, str(run_dir), symbols, [], [],
            events_ring_bytes=ring_bytes, raw_ring_bytes=ring_bytes,
        )  # fmt: skip
        self.segment = segment_file.create(run_dir / "shard-0.seg", plan=plan)
        self.engine = Engine(self.segment.memory)
        self.wanted: list[tuple[str, bool]] = []
        self.publisher = Publisher(
            self.engine,
            run_dir / "shard-0.pub",
            1000,
            lambda stream, wanted: self.wanted.append((stream, wanted)),
        )
        symbol = self.engine.add_symbol(symbols[0])
        self.publisher.add_symbol(symbol, "spot:BTCUSDT")
        connection = self.engine.add_connection("spot/public/0", Market.SPOT)
        for name, kind in (("bookTicker", Kind.QUOTE), ("depth@100ms", Kind.DIFF)):
            topic = f"spot:btcusdt@{name}"
            row = self.engine.add_stream(topic, kind, symbol, connection)
            self.publisher.add_stream(row, topic)
        self.engine.heartbeat()
        for name, kind in (("!miniTicker@arr", Kind.MINI_TICKER), ("!bookTicker", Kind.QUOTE)):
            shape = Shape.ARRAY if name.endswith("@arr") else Shape.MERGED
            row = self.engine.add_stream(f"spot:{name}", kind, NO_ROW, connection, shape=shape)
            self.publisher.add_stream(row, f"spot:{name}", shape)
        self.engine.link_up(connection)
        self.context = zmq.Context()
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.connect(f"ipc://{run_dir}/shard-0.pub")
        self.arrays = self.context.socket(zmq.SUB)
        self.arrays.connect(f"ipc://{run_dir}/shard-0.arrays.pub")

    def subscribe(self, prefix: bytes) -> None:
        """Subscribe, and wait until the publisher has heard of it."""
        self.subscriber.subscribe(prefix)
        self.until(lambda: prefix in self.publisher._main.topics.prefixes)

    def until(self, what: Callable[[], object]) -> None:
        """Poll until a condition holds."""
        until = time.monotonic() + 10
        while not what():
            assert time.monotonic() < until, "the subscription never came"
            self.publisher.poll()

    def give(self, *frames: bytes) -> None:
        for frame in frames:
            self.engine.frame(0, frame)
        self.engine.batch_end()

    def receive(self, count: int) -> list[bytes]:
        found = []
        for _ in range(count):
            assert self.subscriber.poll(10_000), f"only {len(found)} of {count} messages came"
            found.append(self.subscriber.recv())
        return found

    def counter(self, name: str) -> int:
        at = self.segment.sections["counters"].offset + COUNTERS.offsets()[name]
        return int(struct.unpack_from("<Q", self.segment.memory, at)[0])

    def close(self) -> None:
        self.subscriber.close(0)
        self.arrays.close(0)
        self.context.term()
        self.publisher.close()
        self.engine.close()


@pytest.fixture
def bench(run_dir: Path) -> Iterator[Bench]:
    made = Bench(run_dir)
    yield made
    made.close()


def test_json_message_is_six_fields_and_the_venues_own_bytes(bench: Bench) -> None:
    bench.subscribe(b"spot:btcusdt@bookTicker ")
    frames = [QUOTE % number for number in range(1, 6)]
    bench.give(*frames)
    for sequence, (message, frame) in enumerate(zip(bench.receive(5), frames, strict=True), 1):
        topic, epoch, number, received, flags, body = message.split(b" ", 5)
        assert (topic, flags) == (b"spot:btcusdt@bookTicker", b"-")
        assert int(epoch) == bench.segment.generation
        assert int(number) == sequence
        assert abs(int(received) - time.time_ns()) < 60e9
        assert body == frame[frame.index(b'"data":') + 7 : -1]


def test_a_topic_nobody_wants_is_not_sent(bench: Bench) -> None:
    bench.give(QUOTE % 1, DIFF % (90, 95))
    assert bench.counter("zmq_sent") == 0
    bench.subscribe(b"spot:btcusdt@bookTicker ")
    bench.give(QUOTE % 2, DIFF % (96, 99))
    assert bench.counter("zmq_sent") == 1


def test_unsubscribing_stops_the_topic(bench: Bench) -> None:
    topic = b"spot:btcusdt@bookTicker "
    bench.subscribe(topic)
    bench.subscriber.unsubscribe(topic)
    bench.until(lambda: topic not in bench.publisher._main.topics.prefixes)
    bench.give(QUOTE % 1)
    assert bench.counter("zmq_sent") == 0


def test_a_prefix_takes_all_streams_of_a_symbol(bench: Bench) -> None:
    bench.subscribe(b"spot:btcusdt@")
    bench.give(QUOTE % 1, DIFF % (90, 95))
    topics = [message.split(b" ", 1)[0] for message in bench.receive(2)]
    assert topics == [b"spot:btcusdt@bookTicker", b"spot:btcusdt@depth@100ms"]


def test_binary_message_carries_the_record_of_the_ring(bench: Bench) -> None:
    bench.subscribe(b"bin:spot:btcusdt@bookTicker\0")
    bench.give(QUOTE % 7)
    [message] = bench.receive(1)
    topic, _, rest = message.partition(b"\0")
    epoch, sequence = struct.unpack_from("<QQ", rest)
    record, at = rest[16:], META.offsets()
    assert (topic, epoch, sequence) == (b"bin:spot:btcusdt@bookTicker", bench.segment.generation, 1)
    assert struct.unpack_from("<I", record, at["length"])[0] == len(record) == 128
    assert struct.unpack_from("<Q", record, at["update_id"])[0] == 7
    assert struct.unpack_from("<qq", record, META.size) == (9123455, 120000)
    assert struct.unpack_from("<Q", record, at["sequence"])[0] == sequence


def test_state_goes_out_before_what_follows_it(bench: Bench) -> None:
    bench.subscribe(b"state:spot:BTCUSDT ")
    bench.subscribe(b"spot:btcusdt@depth@100ms ")
    bench.give(DIFF % (95, 101))
    bench.engine.ask_snapshot(0)
    bench.engine.snapshot(0, SNAPSHOT)
    bench.give(DIFF % (102, 103))
    bench.give(DIFF % (110, 111))  # 104 to 109 are missing
    seen = []
    for message in bench.receive(5):
        topic, _, sequence, _, _, body = message.split(b" ", 5)
        status = body.split(b'"status":"')[1].split(b'"')[0] if topic.startswith(b"state") else b""
        seen.append((topic.split(b":")[0], int(sequence), status))
    live, gapped = seen[1], seen[3]
    assert [kind for kind, _, _ in seen] == [b"spot", b"state", b"spot", b"state", b"spot"]
    assert (live[2], gapped[2]) == (b"LIVE", b"GAPPED")
    assert gapped[1] == live[1] + 1


def test_what_is_missing_goes_out_before_what_follows_it(bench: Bench) -> None:
    """Trades have no holes in their ids: one is told, and its end. The topic counts them along."""
    name = "spot:btcusdt@trade"
    row = bench.engine.add_stream(name, Kind.TRADE, 0, 0)
    bench.publisher.add_stream(row, name)
    bench.subscribe(b"state:spot:BTCUSDT ")
    bench.subscribe(b"spot:btcusdt@trade ")
    bench.give(trade(7), trade(10), trade(8))
    assert bench.engine.close_gap(1, GapState.LOST)
    messages = [parse(message) for message in bench.receive(6)]
    told = [message for message in messages if message.topic.startswith("state:")]
    kinds = [message.json()["kind"] for message in told]
    assert kinds == ["LAST_TRADE", "GAP", "GAP_CLOSED"]
    first = told[0].sequence  # behind what the connection meant
    assert [message.sequence for message in told] == [first, first + 1, first + 2]
    assert told[1].json() == {
        "kind": "GAP", "status": "LIVE", "stream": name, "gap_number": 1, "gap_state": "OPEN",
        "expected_id": 8, "received_id": 10, "missing": 2, "recovered": 0,
        "ts_before": START + 7_000_000, "ts_after": START + 10_000_000,
    }  # fmt: skip
    closed = told[2].json()
    assert (closed["gap_state"], closed["missing"], closed["recovered"]) == ("PARTIAL", 2, 1)
    places = [message.topic.partition(":")[0] for message in messages]
    assert places == ["state", "spot", "state", "spot", "spot", "state"]


def test_a_gap_of_a_book_is_told_by_its_status_alone(bench: Bench) -> None:
    bench.subscribe(b"state:spot:BTCUSDT ")
    bench.give(DIFF % (95, 101))
    bench.engine.ask_snapshot(0)
    bench.engine.snapshot(0, SNAPSHOT)
    bench.give(DIFF % (110, 111))
    told = [parse(message) for message in bench.receive(2)]
    assert [message.json()["status"] for message in told] == ["LIVE", "GAPPED"]
    assert [message.json()["kind"] for message in told] == ["BOOK", "BOOK"]


def test_a_frame_longer_than_the_rings_limit_is_still_published_whole(run_dir: Path) -> None:
    bench = Bench(run_dir, ring_bytes=64 << 10)
    try:
        bench.subscribe(b"spot:btcusdt@depth@100ms ")
        levels = b",".join(b'["%d.01","1.00000"]' % price for price in range(1, 3000))
        frame = (DIFF % (1, 2)).replace(b'["91234.55","1.2"]', levels)
        assert len(frame) > (64 << 10) / 8
        bench.give(QUOTE % 1, frame)
        [message] = bench.receive(1)
        assert message.split(b" ", 5)[5] == frame[frame.index(b'"data":') + 7 : -1]
        assert bench.counter("raw_parts") > 3
    finally:
        bench.close()


ARRAY = b'{"stream":"!miniTicker@arr","data":[]}'


def test_whole_arrays_go_out_on_their_own_socket_alone(bench: Bench) -> None:
    bench.arrays.subscribe(b"")
    bench.until(lambda: b"" in bench.publisher._arrays.topics.prefixes)
    bench.subscribe(b"spot:")
    bench.give(ARRAY, QUOTE % 1)
    assert bench.arrays.poll(10_000)
    assert bench.arrays.recv().startswith(b"spot:!miniTicker@arr ")
    assert bench.receive(1)[0].startswith(b"spot:btcusdt@bookTicker ")
    assert not bench.arrays.poll(100)


def test_a_subscriber_of_the_other_socket_costs_no_array(bench: Bench) -> None:
    bench.subscribe(b"spot:!miniTicker@arr ")
    bench.give(ARRAY)
    assert bench.counter("zmq_sent") == 0
    assert bench.wanted == []


ASTRAY = "is asked for on shard-0.pub, and comes on shard-0.arrays.pub alone; subscribe it there"


def test_an_array_that_is_asked_for_on_the_wrong_socket_is_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.subscribe(b"spot:!miniTicker@arr ")
    bench.until(lambda: f"spot:!miniTicker@arr {ASTRAY}" in caplog.text)
    bench.subscribe(b"spot:!ticker@arr ")
    bench.publisher.add_stream(0, "spot:!ticker@arr", Shape.SYNTHETIC)  # on demand, say
    bench.until(lambda: f"spot:!ticker@arr {ASTRAY}" in caplog.text)
    assert len(caplog.messages) == 2


def test_a_subscriber_of_both_sockets_is_told_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """As every client is that connects one socket to all endpoints."""
    bench.subscribe(b"spot:!miniTicker@arr ")
    bench.arrays.subscribe(b"spot:!miniTicker@arr ")
    bench.arrays.subscribe(b"spot:btcusdt@bookTicker ")
    bench.subscribe(b"spot:btcusdt@bookTicker ")
    bench.until(lambda: not bench.publisher._astray._asked_at)
    assert caplog.messages == []


def test_a_topic_that_is_none_is_told_at_a_limited_rate(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for topic in (b"rubbish", b"spot:btcusdt@nothing ", b"state:spot:X "):
        bench.subscribe(topic)
    assert caplog.messages == []
    bench.subscribe(b"rubbish ")
    assert caplog.messages == ["there is no topic 'rubbish'; write MARKET:STREAM and a space"]
    for number in range(20):
        bench.subscribe(b"no%d " % number)
    assert len(caplog.messages) == 5


def test_a_frozen_subscriber_of_arrays_holds_few_of_them(bench: Bench) -> None:
    bench.arrays.set(zmq.RCVHWM, 1)
    bench.arrays.subscribe(b"spot:!miniTicker@arr ")
    bench.until(lambda: bench.publisher._arrays.topics.prefixes)
    padding = b"x" * 100_000
    for number in range(500):
        bench.give(ARRAY.replace(b"[]", b'[{"s":"NEWUSDT","c":"%d%s"}]' % (number, padding)))
    assert bench.counter("zmq_sent") == 500
    count = 0
    while bench.arrays.poll(200):
        bench.arrays.recv()
        count += 1
    assert count < 3 * ARRAYS_HWM


def test_a_row_that_is_gone_is_not_published_and_may_come_back(bench: Bench) -> None:
    bench.subscribe(b"spot:btcusdt@")
    bench.publisher.remove_stream(0, "spot:btcusdt@bookTicker")
    bench.give(QUOTE % 1)
    assert bench.counter("zmq_sent") == 0
    bench.publisher.add_stream(0, "spot:btcusdt@bookTicker")
    bench.give(QUOTE % 2)
    assert bench.counter("zmq_sent") == 1


def test_exact_topics_of_streams_that_are_not_carried_are_told(bench: Bench) -> None:
    bench.subscribe(b"spot:ethusdt@trade ")
    bench.subscribe(b"bin:spot:ethusdt@trade\0")
    for carried_or_no_topic in (b"spot:btcusdt@bookTicker ", b"spot:ethusdt", b"state:spot:X "):
        bench.subscribe(carried_or_no_topic)
    assert bench.wanted == [("spot:ethusdt@trade", True)]
    bench.subscriber.unsubscribe(b"spot:ethusdt@trade ")
    bench.until(lambda: b"spot:ethusdt@trade " not in bench.publisher._main.topics.prefixes)
    assert len(bench.wanted) == 1
    bench.subscriber.unsubscribe(b"bin:spot:ethusdt@trade\0")
    bench.until(lambda: len(bench.wanted) == 2)
    assert bench.wanted[1] == ("spot:ethusdt@trade", False)


def test_the_last_consumer_of_a_stream_that_came_on_demand_is_told_too(bench: Bench) -> None:
    bench.subscribe(b"spot:ethusdt@trade ")
    bench.publisher.add_stream(1, "spot:ethusdt@trade")
    bench.subscriber.unsubscribe(b"spot:ethusdt@trade ")
    bench.until(lambda: len(bench.wanted) == 2)
    assert bench.wanted[1] == ("spot:ethusdt@trade", False)


def test_broad_prefixes_of_ten_thousand_streams_do_not_stall_a_poll(bench: Bench) -> None:
    for number in range(10_000):
        bench.publisher._main.topics.add(b"spot:s%d@trade " % number, ("state", 0))
    for length in range(1, 40):
        bench.subscriber.subscribe(b"spot:s1@trade "[:length])
    topics, most = bench.publisher._main.topics, 0
    until = time.monotonic() + 10
    while len(topics.prefixes) < 14:
        assert time.monotonic() < until
        before = topics.looked_at
        bench.publisher.poll()
        most = max(most, topics.looked_at - before)
    assert most < 2.5 * TOPICS_A_POLL
