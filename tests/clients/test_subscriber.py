"""``gw.subscribe()``: messages of a topic in order, and what of it was lost."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from gateway_client import Gateway, Subscription, UnknownStream
from gateway_client.layout import FIELDS, SIZES, Flag
from gateway_client.subscriber import parse
from tests.clients.support import Shard, wait_for

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
    for row, name in enumerate((TRADE, "spot:btcusdt@depth", "spot:btcusdt@depth@100ms")):
        section = shard.current.sections["streams"]
        at = section.offset + row * section.stride
        shard.current.memory[at : at + len(name)] = name.encode()
        state = at + FIELDS["stream"]["state"][0]
        shard.current.memory[state : state + 4] = (1).to_bytes(4, "little")
        shard.store("stream_count", row + 1)
    shard.store("directory_epoch", shard.load("directory_epoch") + 1)
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
