"""``gw.subscribe()``: messages of a topic in order, and what of it was lost."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from gateway_client import Gateway, MarkPriceEvent, Subscription, UnknownStream
from gateway_client.layout import FIELDS, NO_ROW, SIZES, Flag, Kind, Shape
from gateway_client.subscriber import parse
from tests.clients.support import Shard
from tests.waiting import wait_for

TRADE = "spot:btcusdt@trade"


class Publisher:
    """A shard's XPUB socket."""

    def __init__(self, path: Path) -> None:
        self.socket = zmq.Context.instance().socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(f"ipc://{path}")
        self.wanted: set[bytes] = set()

    def has(self, subscription: bytes) -> bool:
        """Whether somebody subscribed to exactly this."""
        while self.socket.poll(0):
            event = self.socket.recv()
            if event[:1] == b"\1":
                self.wanted.add(event[1:])
        return subscription in self.wanted

    def send(self, topic: str, epoch: int, sequence: int, payload: bytes = b"{}") -> None:
        self.socket.send(b"%s %d %d 123 - %s" % (topic.encode(), epoch, sequence, payload))


@pytest.fixture
def carried(shard: Shard) -> Shard:
    """A shard with streams in its directory."""
    shard.add_stream(TRADE, Kind.TRADE)
    shard.add_stream("spot:btcusdt@depth", Kind.DIFF)
    shard.add_stream("spot:btcusdt@depth@100ms", Kind.DIFF)
    return shard


@pytest.fixture
def publisher(carried: Shard) -> Iterator[Publisher]:
    found = Publisher(carried.run_dir / "shard-0.pub")
    yield found
    found.socket.close()


def subscribe(
    shard: Shard, publisher: Publisher, topic: str, wanted: bytes, **options: bool
) -> Subscription:
    """A subscription that the publisher has heard of."""
    messages = Gateway(shard.run_dir).subscribe(topic, timeout=20, **options)
    wait_for(lambda: publisher.has(wanted), f"the subscription to {wanted!r}")
    return messages


def test_message_is_taken_apart(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, TRADE, b"spot:btcusdt@trade ")
    publisher.send(TRADE, 5, 1, b'{"e":"trade","note":"a b"}')
    message = next(messages)
    assert (message.topic, message.epoch, message.sequence) == (TRADE, 5, 1)
    assert (message.ts_recv, message.flags, message.lost) == (123, "-", 0)
    assert message.payload == b'{"e":"trade","note":"a b"}'
    assert message.json() == {"e": "trade", "note": "a b"}
    messages.close()


def test_exact_topic_does_not_take_those_it_is_a_prefix_of(
    carried: Shard, publisher: Publisher
) -> None:
    messages = subscribe(carried, publisher, "spot:btcusdt@depth", b"spot:btcusdt@depth ")
    publisher.send("spot:btcusdt@depth@100ms", 5, 1)
    publisher.send("spot:btcusdt@depth", 5, 1)
    assert next(messages).topic == "spot:btcusdt@depth"
    messages.close()


@pytest.mark.parametrize(
    ("topic", "prefix"), [("spot:btcusdt@", False), ("spot:btcusdt@*", False), ("spot:btc", True)]
)
def test_prefix_takes_all_topics_below_it(
    carried: Shard, publisher: Publisher, topic: str, prefix: bool
) -> None:
    wanted = topic.removesuffix("*").encode()
    messages = subscribe(carried, publisher, topic, wanted, prefix=prefix)
    for name in (TRADE, "spot:btcusdt@depth@100ms"):
        publisher.send(name, 5, 1)
    assert {next(messages).topic for _ in range(2)} == {TRADE, "spot:btcusdt@depth@100ms"}
    messages.close()


def test_lost_is_counted_for_each_topic(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, "spot:btcusdt@", b"spot:btcusdt@")
    for topic, sequence in ((TRADE, 3), ("spot:btcusdt@depth", 9), (TRADE, 4), (TRADE, 8)):
        publisher.send(topic, 5, sequence)
    assert [next(messages).lost for _ in range(4)] == [0, 0, 0, 3]
    messages.close()


def test_restarted_writer_begins_a_new_count(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, TRADE, b"spot:btcusdt@trade ")
    for epoch, sequence in ((5, 7), (6, 1), (6, 2), (7, 3)):
        publisher.send(TRADE, epoch, sequence)
    found = [next(messages) for _ in range(4)]
    assert [message.lost for message in found] == [0, 0, 0, 2]
    assert [message.restarted for message in found] == [False, True, False, True]
    messages.close()


def test_binary_message_is_a_record(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, TRADE, b"bin:spot:btcusdt@trade\0", binary=True)
    record = bytearray(SIZES["trade"])
    struct.pack_into("<q", record, FIELDS["meta"]["ts_recv"][0], 77)
    flags = Flag.BACKFILLED | Flag.SYNTHETIC
    struct.pack_into("<H", record, FIELDS["meta"]["flags"][0], flags)
    publisher.socket.send(b"bin:" + TRADE.encode() + b"\0" + struct.pack("<QQ", 5, 3) + record)
    message = next(messages)
    assert (message.topic, message.epoch, message.sequence) == ("bin:" + TRADE, 5, 3)
    assert (message.ts_recv, message.flags) == (77, "BS")
    assert message.payload == record
    messages.close()


def test_binary_message_is_an_event(carried: Shard, publisher: Publisher) -> None:
    """Its instrument is that of the stream's row: the topic's own letters may say another."""
    row = carried.add_symbol("BTCUSDT.RPI", px_exponent=-3)
    carried.add_stream("spot:btcusdt@rpiDepth@500ms", Kind.DIFF, row)
    name = "spot:btcusdt@markPrice"
    carried.add_stream(name, Kind.MARK_PRICE, row)
    gateway = Gateway(carried.run_dir)
    messages = gateway.subscribe(name, binary=True, timeout=20)
    wait_for(lambda: publisher.has(b"bin:" + name.encode() + b"\0"), "the subscription")
    record = bytearray(SIZES["mark"])
    record[FIELDS["meta"]["kind"][0]] = Kind.MARK_PRICE
    struct.pack_into("<q", record, FIELDS["mark"]["mark_px"][0], 5 * 10**8)
    publisher.socket.send(b"bin:" + name.encode() + b"\0" + struct.pack("<QQ", 5, 3) + record)
    event = gateway.event(next(messages))
    assert isinstance(event, MarkPriceEvent)
    assert (event.mark_px, event.symbol, event.stream) == (5.0, "spot:BTCUSDT.RPI", name)
    messages.close()


def test_message_that_is_no_event_is_refused(carried: Shard) -> None:
    gateway = Gateway(carried.run_dir)
    with pytest.raises(ValueError, match="subscribe with binary=True"):
        gateway.event(parse(b"spot:btcusdt@trade 5 1 2 - {}"))
    with pytest.raises(UnknownStream):
        gateway.event(parse(b"bin:spot:nosuch@trade\0" + bytes(16 + SIZES["trade"])))


@pytest.mark.parametrize(
    ("topic", "prefix"),
    [
        ("spot:!miniTicker@arr", False),
        ("spot:!mini", True),
        ("spot:", True),
        ("sp", True),
        ("*", False),
        ("spot:btcusd@markPrice", False),
        ("spot:btcusd@", False),
    ],
)
def test_whole_arrays_come_from_a_socket_of_their_own(
    carried: Shard, topic: str, prefix: bool
) -> None:
    carried.add_stream("spot:!miniTicker@arr", Kind.MINI_TICKER, NO_ROW, shape=Shape.ARRAY)
    carried.add_stream("spot:btcusd@markPrice", Kind.MARK_PRICE, NO_ROW, shape=Shape.ARRAY)
    arrays = Publisher(carried.run_dir / "shard-0.arrays.pub")
    messages = Gateway(carried.run_dir).subscribe(topic, prefix=prefix, timeout=20)
    exact = not prefix and not topic.endswith(("@", "*"))
    wanted = topic.removesuffix("*") + (" " if exact else "")
    wait_for(lambda: arrays.has(wanted.encode()), "the subscription")
    sent = "spot:btcusd@markPrice" if "btcusd@" in topic else "spot:!miniTicker@arr"
    arrays.send(sent, 5, 1, b"[]")
    assert next(messages).topic == sent
    messages.close()
    arrays.socket.close()


def test_streams_of_one_instrument_do_not_touch_the_arrays(
    carried: Shard, publisher: Publisher
) -> None:
    arrays = Publisher(carried.run_dir / "shard-0.arrays.pub")
    messages = subscribe(carried, publisher, TRADE, b"spot:btcusdt@trade ")
    binary = Gateway(carried.run_dir).subscribe("spot:btcusdt@", binary=True)
    wait_for(lambda: publisher.has(b"bin:spot:btcusdt@"), "the second subscription")
    assert not arrays.has(b"")
    assert arrays.wanted == set()
    for each in (messages, binary):
        each.close()
    arrays.socket.close()


def test_array_that_is_subscribed_later_is_connected_to(
    carried: Shard, publisher: Publisher
) -> None:
    messages = subscribe(carried, publisher, "spot:btcusd@", b"spot:btcusd@")
    arrays = Publisher(carried.run_dir / "shard-0.arrays.pub")
    carried.add_stream("spot:btcusd@markPrice", Kind.MARK_PRICE, NO_ROW, shape=Shape.ARRAY)
    wait_for(lambda: messages.poll() or arrays.has(b"spot:btcusd@"), "the new connection")
    messages.close()
    arrays.socket.close()


def test_gateway_that_subscribes_on_demand_takes_any_topic(
    carried: Shard, publisher: Publisher
) -> None:
    carried.write_manifest(on_demand=True)
    messages = subscribe(carried, publisher, "spot:ethusdt@trade", b"spot:ethusdt@trade ")
    publisher.send("spot:ethusdt@trade", 5, 1)
    assert next(messages).sequence == 1
    messages.close()


def test_busy_subscriber_finds_new_shards(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, "spot:", b"spot:", prefix=True)
    other = Publisher(carried.run_dir / "shard-1.pub")
    carried.write_manifest(Shard(carried.run_dir, number=1).start())

    def heard() -> bool:
        for _ in range(64):
            publisher.send(TRADE, 5, 1)
        assert {next(messages).topic for _ in range(64)} == {TRADE}
        return other.has(b"spot:")

    wait_for(heard, "the new connection")
    messages.close()
    other.socket.close()


def test_changes_of_trust_are_a_topic(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, "state:spot:BTCUSDT", b"state:spot:BTCUSDT ")
    publisher.send("state:spot:BTCUSDT", 5, 1, b'{"status":"GAPPED"}')
    assert next(messages).json() == {"status": "GAPPED"}
    messages.close()


def test_unknown_stream_is_refused_and_names_what_is_near(carried: Shard) -> None:
    with pytest.raises(UnknownStream, match=r"did you mean spot:btcusdt@trade"):
        Gateway(carried.run_dir).subscribe("spot:btcusdt@trades")
    with pytest.raises(UnknownStream):
        Gateway(carried.run_dir).subscribe("state:spot:NOSUCH")


def test_ends_after_the_timeout(carried: Shard) -> None:
    assert list(Gateway(carried.run_dir).subscribe(TRADE, timeout=0.05)) == []


def test_publisher_that_is_bound_later_is_reached(carried: Shard) -> None:
    """A restarted shard binds its socket anew; ZeroMQ connects again by itself."""
    messages = Gateway(carried.run_dir).subscribe(TRADE, timeout=20)
    for epoch in (5, 6):
        publisher = Publisher(carried.run_dir / "shard-0.pub")
        # ZeroMQ sends a subscription again only while its socket is looked at.
        wait_for(
            lambda p=publisher: messages.poll() or p.has(b"spot:btcusdt@trade "),
            "the subscription",
        )
        publisher.send(TRADE, epoch, 1)
        assert next(messages).epoch == epoch
        publisher.socket.close()
    messages.close()


def test_new_manifest_brings_new_publishers(carried: Shard, publisher: Publisher) -> None:
    messages = subscribe(carried, publisher, TRADE, b"spot:btcusdt@trade ")
    moved = Publisher(carried.run_dir / "elsewhere.pub")
    shard = {
        "id": 0, "pid": 1, "generation": 1, "segment": "shard-0.seg", "symbols": [], "streams": [],
        "publisher": f"ipc://{carried.run_dir}/elsewhere.pub",
    }  # fmt: skip
    carried.write_manifest(shards=[shard])
    wait_for(lambda: messages.poll() or moved.has(b"spot:btcusdt@trade "), "the new connection")
    moved.send(TRADE, 6, 1)
    assert next(messages).epoch == 6
    messages.close()
    moved.socket.close()


@pytest.mark.parametrize("frame", [b"", b"topic 1 2", b"t x 1 2 - {}", b"bin:x\0short"])
def test_frame_that_is_none_is_a_value_error(frame: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the gateway never sends such
        parse(frame)


def test_streams_lists_what_can_be_subscribed(carried: Shard) -> None:
    streams = Gateway(carried.run_dir).streams()
    assert streams == [TRADE, "spot:btcusdt@depth", "spot:btcusdt@depth@100ms"]
