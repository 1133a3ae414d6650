"""The control channel over a real socketpair, and its framing with plain bytes."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import channel as channel_module
from gateway.channel import Channel, ChannelClosed, ChannelError, Framer
from gateway.layout import Market
from gateway.plan import (
    Ready,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
    Stop,
    ToShard,
    ToSupervisor,
)

M = TypeVar("M")
WATCHDOG = 20.0
PLAN = ShardPlan(0, 1, 7, "/dev/shm/x", [], [], [])


def framed(*bodies: bytes) -> bytes:
    return b"".join(len(body).to_bytes(4, "little") + body for body in bodies)


def pair() -> tuple[Channel[ToSupervisor], Channel[ToShard]]:
    ours, theirs = socket.socketpair()
    return Channel(ours, ToSupervisor), Channel.from_fd(theirs.detach(), ToShard)


async def receive(channel: Channel[M]) -> M:
    return await asyncio.wait_for(channel.receive(), WATCHDOG)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 30))
def test_framer_finds_the_same_messages_however_they_are_cut(
    bodies: list[bytes], step: int
) -> None:
    framer, stream = Framer(), framed(*bodies)
    found: list[bytes] = []
    for at in range(0, len(stream), step):
        found += framer.feed(stream[at : at + step])
    assert found == bodies


def test_framer_refuses_a_message_over_its_limit_before_it_comes() -> None:
    framer = Framer(limit=100)
    assert framer.feed(framed(b"x" * 100)) == [b"x" * 100]
    with pytest.raises(ChannelError, match="a message of 101 bytes, over 100"):
        framer.feed((101).to_bytes(4, "little"))


@pytest.mark.asyncio
async def test_messages_arrive_in_order_both_ways() -> None:
    supervisor, shard = pair()
    supervisor.send(PLAN)
    supervisor.send(Stop())
    shard.send(Ready(0, 12, 99))
    shard.send(SnapshotRequest(1, Market.SPOT, "BTCUSDT", 1000))
    assert await receive(shard) == PLAN
    assert await receive(shard) == Stop()
    assert await receive(supervisor) == Ready(0, 12, 99)
    assert await receive(supervisor) == SnapshotRequest(1, Market.SPOT, "BTCUSDT", 1000)
    supervisor.close()
    shard.close()


@pytest.mark.asyncio
async def test_large_body_passes_while_nobody_reads_at_first() -> None:
    supervisor, shard = pair()
    body = os.urandom(8 << 20)
    supervisor.send(SnapshotReply(1, 200, body))
    supervisor.send(SnapshotReply(2, 0, error="late"))
    first, second = await receive(shard), await receive(shard)
    assert first == SnapshotReply(1, 200, body)
    assert second == SnapshotReply(2, 0, b"", "late")
    supervisor.close()
    shard.close()


@pytest.mark.asyncio
async def test_what_was_sent_before_the_end_is_still_received() -> None:
    supervisor, shard = pair()
    shard.send(Ready(0, 12, 99))
    shard.close()
    assert await receive(supervisor) == Ready(0, 12, 99)
    for _ in range(2):
        with pytest.raises(ChannelClosed):
            await receive(supervisor)
    assert supervisor.is_closed


@pytest.mark.asyncio
async def test_sending_to_a_peer_that_has_gone_is_dropped() -> None:
    supervisor, shard = pair()
    shard.close()
    for _ in range(100):
        supervisor.send(PLAN)
    with pytest.raises(ChannelClosed):
        await receive(supervisor)
    supervisor.send(PLAN)
    shard.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "stream",
    [
        framed(b"\xc1"),
        framed(b"\x81\xa4type\xa4nope"),
        framed(b"\x82\xa4type\xa5ready\xa3pid\xa1x"),
        (2**32 - 1).to_bytes(4, "little"),
    ],
    ids=["not msgpack", "unknown tag", "wrong type", "too long"],
)
async def test_rubbish_closes_the_channel_with_an_error(stream: bytes) -> None:
    ours, theirs = socket.socketpair()
    supervisor: Channel[ToSupervisor] = Channel(ours, ToSupervisor)
    theirs.sendall(stream)
    with pytest.raises(ChannelError, match=r"^control channel: "):
        await receive(supervisor)
    assert supervisor.is_closed
    theirs.close()


@pytest.mark.asyncio
async def test_peer_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "UNSENT_BYTES_MAX", 1 << 20)
    ours, theirs = socket.socketpair()
    shard: Channel[ToSupervisor] = Channel(ours, ToSupervisor)
    for _ in range(40):
        shard.send(SnapshotReply(1, 200, bytes(100_000)))
    with pytest.raises(ChannelError, match="bytes unread"):
        await receive(shard)
    theirs.close()


@pytest.mark.asyncio
async def test_message_over_the_limit_is_not_even_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MESSAGE_BYTES_MAX", 1000)
    supervisor, shard = pair()
    with pytest.raises(ChannelError, match="over 1000"):
        supervisor.send(SnapshotReply(1, 200, bytes(1001)))
    supervisor.send(Stop())
    assert await receive(shard) == Stop()
    supervisor.close()
    shard.close()


@pytest.mark.asyncio
async def test_descriptor_that_is_no_socket_is_refused() -> None:
    reading, writing = os.pipe()
    with pytest.raises(ChannelError, match=f"descriptor {reading} is no socket"):
        Channel.from_fd(reading, ToShard)
    os.close(reading)
    os.close(writing)


@pytest.mark.asyncio
async def test_the_end_is_told_though_the_peer_left_messages_unread() -> None:
    """A socket whose peer died with unread bytes has an error pending; uvloop reads it once."""
    ours, theirs = socket.socketpair()
    shard = Channel(ours, ToShard)
    shard.send(Ready(0, 12, 99))
    theirs.send(framed(msgspec.msgpack.encode(PLAN)))
    theirs.close()  # with Ready in it, unread
    assert await receive(shard) == PLAN
    with pytest.raises(ChannelClosed):
        await receive(shard)
