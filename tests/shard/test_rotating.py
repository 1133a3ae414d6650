"""Rotations under traffic: no frame of any stream is lost, none is delivered twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import picows
import pytest
import pytest_asyncio

from gateway.plan import PlanStream
from tests.shard import events
from tests.shard.running import SUFFIXES, SYMBOLS, Running, plan_of, stream
from tests.shard.venue import Venue
from tests.waiting import until

ROTATIONS = 10
MAKERS = {
    "trade": events.trade,
    "bookTicker": events.quote,
    "ticker": events.ticker,
    "depth@100ms": events.diff,
}


def streams() -> list[PlanStream]:
    return [
        stream(f"{name.lower()}@{suffix}", index)
        for index, name in enumerate(SYMBOLS)
        for suffix in SUFFIXES
    ]


class Market:
    """A venue that publishes every stream over and over, each event with the next number."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.sent: dict[str, list[bytes]] = defaultdict(list)
        self.number = 0
        self.is_paused = False

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.002)
            if not self.is_paused:
                self.tick()

    def tick(self) -> None:
        self.number += 1
        for name in SYMBOLS:
            for suffix, make in MAKERS.items():
                data = make(name, self.number)
                topic = f"{name.lower()}@{suffix}"
                self.sent[f"spot:{topic}"].append(data)
                self.venue.publish(topic, data)


Start = Callable[..., Awaitable[Running]]


@pytest_asyncio.fixture
async def market() -> AsyncIterator[Market]:
    made = Market()
    await made.venue.start()
    publishing = asyncio.ensure_future(made.run())
    yield made
    publishing.cancel()
    await made.venue.stop()


@pytest_asyncio.fixture
async def start(market: Market, run_dir: Path) -> AsyncIterator[Start]:
    started: list[Running] = []

    async def make(**more: object) -> Running:
        running = Running(plan_of(run_dir, (market.venue.url(),), streams(), **more))
        started.append(running)
        await running.subscribe(b"spot:")
        return running

    yield make
    for running in started:
        await running.stop()


async def received(market: Market, running: Running) -> dict[str, list[bytes]]:
    """Bodies by topic, once all that was sent has arrived; their numbers run without holes."""
    market.is_paused = True
    got: dict[str, list[bytes]] = defaultdict(list)
    sequences: dict[str, list[int]] = defaultdict(list)

    def has_everything() -> bool:
        for topic, sequence, flags, body in running.messages():
            assert flags == "-"
            got[topic].append(body)
            sequences[topic].append(sequence)
        return all(got[topic][-1:] == sent[-1:] for topic, sent in market.sent.items())

    await until(has_everything)
    for topic, numbers in sequences.items():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), topic
    return got


def check_exactly_once(market: Market, got: dict[str, list[bytes]], suffixes: str = "") -> None:
    for topic, sent in market.sent.items():
        if not suffixes or topic.partition("@")[2] in suffixes:
            first = sent.index(got[topic][0])
            assert got[topic] == sent[first:], topic


@pytest.mark.asyncio
async def test_ten_rotations_lose_nothing_and_repeat_nothing(market: Market, start: Start) -> None:
    running = await start(rotate_after_s=0.2)
    await until(lambda: running.counter("rotations") >= ROTATIONS, 60)
    got = await received(market, running)
    check_exactly_once(market, got)
    assert len(market.venue.attempts) >= ROTATIONS + 1
    assert running.counter("gaps") == 0
    assert running.counter("frames_duplicate") > 0


@pytest.mark.chaos
@pytest.mark.asyncio
async def test_a_hundred_rotations_lose_nothing_and_repeat_nothing(
    market: Market, start: Start
) -> None:
    running = await start(rotate_after_s=0.2)
    await until(lambda: running.counter("rotations") >= 100, 100)
    check_exactly_once(market, await received(market, running))
    assert running.counter("gaps") == 0


@pytest.mark.asyncio
async def test_rotations_between_links_of_unlike_speed_lose_nothing(
    market: Market, start: Start
) -> None:
    """One link runs 50 ms behind the other, by turns the old and the new one.

    Quotes and tickers have no ids without holes: of those the newest counts, and what a slower link
    brings later is left out; still in order, and never twice.
    """
    running = await start(rotate_after_s=0.2)
    for turn in range(60):
        await asyncio.sleep(0.05)
        for number, session in enumerate(market.venue.up):
            session.let_go()
            session.is_slow = number == turn // 7 % 2
        if running.counter("rotations") >= 6:
            break
    for session in market.venue.up:
        session.let_go()
    await until(lambda: running.counter("rotations") >= 6, 60)
    for session in market.venue.up:
        session.let_go()
    got = await received(market, running)
    check_exactly_once(market, got, "trade depth@100ms")
    for topic, sent in market.sent.items():
        places = [sent.index(body) for body in got[topic]]
        assert places == sorted(set(places)), topic
    assert running.counter("gaps") == 0


@pytest.mark.asyncio
async def test_a_shutdown_is_answered_by_a_new_link_before_the_old_one_goes(
    market: Market, start: Start
) -> None:
    running = await start()
    await until(lambda: running.counter("frames_data") > 100)
    for forms in (
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
        b'{"e":"serverShutdown","E":1770123456789}',
    ):
        before = running.counter("rotations")
        [old] = market.venue.up
        old.send(picows.WSMsgType.TEXT, forms)
        await until(lambda count=before: running.counter("rotations") == count + 1)
        await until(lambda session=old: not session.is_up)
    check_exactly_once(market, await received(market, running))


@pytest.mark.asyncio
async def test_with_two_links_the_death_of_either_loses_nothing(
    market: Market, start: Start
) -> None:
    running = await start(redundancy=2)
    for turn in range(2):
        await until(lambda: len(market.venue.up) == 2)
        await until(lambda: all(len(s.streams) == 12 for s in market.venue.up))
        await asyncio.sleep(0.1)
        victim = market.venue.up[turn % 2]
        assert victim.transport is not None
        victim.transport.disconnect(graceful=False)
        await until(lambda session=victim: not session.is_up)
    check_exactly_once(market, await received(market, running))
    assert running.counter("gaps") == 0


@pytest.mark.asyncio
async def test_of_two_links_one_is_replaced_at_a_time(market: Market, start: Start) -> None:
    running = await start(redundancy=2, rotate_after_s=0.3)
    fewest = 2
    async with asyncio.timeout(60):
        await until(lambda: len(market.venue.up) == 2)
        while running.counter("rotations") < 6:
            await asyncio.sleep(0.001)
            fewest = min(fewest, len(market.venue.up))
    assert fewest >= 1
    check_exactly_once(market, await received(market, running))
