"""Missed trades, from the gap to its end."""

from __future__ import annotations

import asyncio
import logging

import orjson
import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.layout import GapState, Kind
from gateway.plan import PlanStream
from gateway.shard import backfill, refill
from tests.shard import events
from tests.shard.conftest import Start
from tests.shard.market import Market
from tests.shard.running import Running, stream
from tests.shard.venue import Venue
from tests.waiting import until

TRADES = "ausdt@trade"


@pytest_asyncio.fixture
async def market(venue: Venue) -> Market:
    made = Market(venue)
    made.trades[TRADES] = []
    return made


async def carrying(start: Start, market: Market, **more: object) -> Running:
    """A shard with the trades of a symbol, of which some have come."""
    running = start([stream(TRADES, 0)], **more)
    market.answers(running)
    await running.subscribe(b"spot:")
    await until(lambda: market.venue.up and market.venue.up[0].streams)
    steps(market, 3)
    await until(lambda: running.counter("frames_data") == 3)
    return running


def steps(market: Market, count: int) -> None:
    for _ in range(count):
        market.step()


def lose(market: Market, count: int) -> None:
    """So many trades get lost."""
    market.is_lossy = {TRADES}
    steps(market, count)
    market.is_lossy = set()


class Heard:
    """What a subscriber got: ids in their order, and which were back-filled."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.ids: list[int] = []
        self.filled: list[int] = []
        self.sequences: list[int] = []

    def read(self) -> Heard:
        for topic, sequence, flags, body in self.running.messages():
            if topic == f"spot:{TRADES}":
                self.sequences.append(sequence)
                self.ids.append(orjson.loads(body)["t"])
                self.filled += [self.ids[-1]] if "B" in flags else []
        return self


def closed(running: Running) -> int:
    return sum(map(running.counter, ("gaps_filled", "gaps_partial", "gaps_lost")))


@pytest.mark.asyncio
async def test_a_gap_is_filled_in_order_marked_and_proven(
    start: Start, market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    running = await carrying(start, market)
    heard = Heard(running)
    with caplog.at_level(logging.INFO):
        lose(market, 57)
        steps(market, 1)
        await until(lambda: running.counter("gaps_filled"))
    await until(lambda: len(heard.read().ids) == 61)
    assert heard.filled == list(range(4, 61))
    assert sorted(heard.ids) == list(range(1, 62))
    assert heard.sequences == list(range(1, 62))
    assert running.counter("events_backfilled") == 57
    [request] = running.of(wire.HistoryRequest)
    assert (request.stream, request.first_id, request.last_id) == (f"spot:{TRADES}", 4, 60)
    gap = running.shard._engine.gap_of(1)
    assert gap is not None
    assert (gap.state, gap.recovered, gap.missing) == (GapState.FILLED, 57, 57)
    assert f"spot:{TRADES}: gap 1 (4 to 60) FILLED: 57 of 57 events came back" in caplog.text


@pytest.mark.asyncio
async def test_a_long_gap_comes_in_pages_while_trades_go_on(start: Start, market: Market) -> None:
    running = await carrying(start, market)
    heard = Heard(running)
    lose(market, 3500)
    with market.going():
        await until(lambda: running.counter("gaps_filled"))
    asked = [(r.first_id, r.last_id) for r in running.of(wire.HistoryRequest)]
    assert asked == [(4, 1003), (1004, 2003), (2004, 3003), (3004, 3503)]
    total = len(market.trades[TRADES])
    await until(lambda: len(heard.read().ids) == total)
    assert heard.filled == list(range(4, 3504))
    assert sorted(heard.ids) == list(range(1, total + 1))
    live = [n for n in heard.ids if n > 3503]
    assert live == sorted(live)
    # Live trades had their turns between the slices.
    last_filled = heard.ids.index(3503)
    assert any(n > 3504 for n in heard.ids[:last_filled])


@pytest.mark.asyncio
async def test_an_outage_is_a_gap_like_any_other(
    venue: Venue, start: Start, market: Market, quick: None
) -> None:
    running = await carrying(start, market)
    venue.up[0].transport.disconnect(graceful=False)  # type: ignore[union-attr]  # it is up
    await until(lambda: not venue.up)
    steps(market, 20)
    await until(lambda: venue.up and venue.up[0].streams)
    steps(market, 1)
    await until(lambda: running.counter("gaps_filled"))
    assert running.counter("events_backfilled") == 20


@pytest.mark.asyncio
async def test_a_lost_connection_does_not_end_what_is_being_fetched(
    venue: Venue, start: Start, market: Market
) -> None:
    running = await carrying(start, market)
    held: list[wire.HistoryRequest] = []
    answer = running.answer

    def hold(message: object) -> None:
        if isinstance(message, wire.HistoryRequest):
            held.append(message)
        else:
            answer(message)

    running.answer = hold
    lose(market, 5)
    steps(market, 1)
    await until(lambda: held)
    venue.refusals = []
    venue.up[0].transport.disconnect(graceful=False)  # type: ignore[union-attr]  # it is up
    await until(lambda: not venue.up)
    answer(held[0])
    await until(lambda: running.counter("gaps_filled"))
    assert running.counter("events_backfilled") == 5


@pytest.mark.asyncio
async def test_what_came_late_by_itself_is_not_told_twice(start: Start, market: Market) -> None:
    running = await carrying(start, market)
    heard = Heard(running)
    answer = running.answer

    def come_late(message: object) -> None:
        if isinstance(message, wire.HistoryRequest):
            market.venue.publish(TRADES, events.trade("AUSDT", 6))
        answer(message)

    running.answer = come_late
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_filled"))
    await until(lambda: len(heard.read().ids) == 9)
    assert heard.ids.index(6) < heard.ids.index(4)
    assert sorted(heard.ids) == list(range(1, 10))
    assert heard.filled == [4, 5, 7, 8]
    assert len(running.of(wire.HistoryRequest)) == 1


@pytest.mark.asyncio
async def test_what_the_venue_refuses_for_good_is_lost_at_once(
    start: Start, market: Market
) -> None:
    running = await carrying(start, market)
    market.page = lambda r: wire.HistoryReply(r.request_id, 400, is_final=True, error="HTTP 400")
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_lost"))
    assert len(running.of(wire.HistoryRequest)) == 1


@pytest.mark.asyncio
async def test_what_the_venue_has_no_more_is_lost_and_said_so(
    start: Start, market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    running = await carrying(start, market)
    market.page = lambda r: wire.HistoryReply(r.request_id, 200, [], is_final=True)
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_lost"))
    market.page = lambda r: wire.HistoryReply(
        r.request_id, 200, market.whole_page(r).events[2:], is_final=True
    )
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_partial"))
    assert running.counter("events_backfilled") == 3
    assert f"spot:{TRADES}: gap 1 (4 to 8) LOST: 0 of 5 events came back" in caplog.text
    assert f"spot:{TRADES}: gap 2 (10 to 14) PARTIAL: 3 of 5 events came back" in caplog.text


@pytest.mark.asyncio
async def test_a_venue_that_fails_is_asked_again(
    start: Start, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "FAILED_FIRST_S", 0.01)
    running = await carrying(start, market)
    answers = [(429, b""), (0, b""), (503, b"")]

    def page(request: wire.HistoryRequest) -> wire.HistoryReply:
        if answers:
            return wire.HistoryReply(request.request_id, answers.pop()[0], error="not now")
        return market.whole_page(request)

    market.page = page
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_filled"))
    assert len(running.of(wire.HistoryRequest)) == 4


@pytest.mark.asyncio
async def test_an_answer_that_lies_is_not_delivered(
    start: Start, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "FAILED_FIRST_S", 0.01)
    running = await carrying(start, market)
    heard = Heard(running)
    lies = [
        lambda events: events[::-1],
        lambda events: events[:2] + events[3:],
        lambda events: [b"{}", *events],
        lambda events: events + events,
    ]

    def page(request: wire.HistoryRequest) -> wire.HistoryReply:
        whole = market.whole_page(request)
        return wire.HistoryReply(
            request.request_id, 200, lies.pop(0)(whole.events) if lies else whole.events
        )

    market.page = page
    lose(market, 9)
    steps(market, 1)
    await until(lambda: running.counter("gaps_filled"))
    await until(lambda: len(heard.read().ids) == 13)
    assert heard.filled == list(range(4, 13))


@pytest.mark.asyncio
async def test_only_the_newest_of_a_large_gap_are_fetched(start: Start, market: Market) -> None:
    running = await carrying(start, market, backfill_events_max=100)
    heard = Heard(running)
    lose(market, 500)
    steps(market, 1)
    await until(lambda: running.counter("gaps_partial"))
    await until(lambda: len(heard.read().filled) == 100)
    assert heard.filled == list(range(404, 504))


@pytest.mark.asyncio
async def test_it_can_be_switched_off(start: Start, market: Market) -> None:
    running = await carrying(start, market, backfill=False)
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.counter("gaps_lost"))
    assert running.of(wire.HistoryRequest) == []


@pytest.mark.asyncio
async def test_gaps_without_room_are_lost_at_once(
    start: Start, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "GAPS_MAX", 2)
    running = await carrying(start, market)
    market.page = lambda request: wire.HistoryReply(request.request_id, 503)
    for _ in range(4):
        lose(market, 1)
        steps(market, 1)
        await asyncio.sleep(0.05)
    await until(lambda: running.counter("gaps_lost") == 2)
    assert closed(running) == 2


@pytest.mark.asyncio
async def test_a_stream_that_is_unsubscribed_leaves_no_open_gap(
    start: Start, market: Market
) -> None:
    running = await carrying(start, market)
    market.page = lambda request: wire.HistoryReply(request.request_id, 503)
    lose(market, 5)
    steps(market, 1)
    await until(lambda: running.of(wire.HistoryRequest))
    await running.change(wire.PlanChange(1, remove=[f"spot:{TRADES}"]))
    await until(lambda: running.counter("gaps_lost"))
    await asyncio.sleep(0.7)
    assert running.shard._refill._backfill.gaps == 0


@pytest.mark.asyncio
async def test_a_slice_gives_the_loop_its_turn(
    start: Start, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refill, "SLICE_S", 0.0)
    running = await carrying(start, market)
    slices: list[int] = []
    hand_over = running.shard._refill.hand_over

    def counted() -> bool:
        slices.append(running.counter("events_backfilled"))
        return hand_over()

    monkeypatch.setattr(running.shard._refill, "hand_over", counted)
    lose(market, 50)
    steps(market, 1)
    await until(lambda: running.counter("gaps_filled"))
    assert slices == list(range(50))  # one event at a time


CANDLES = "ausdt@kline_1m"


@pytest.mark.asyncio
async def test_candles_whose_end_was_missed_are_fetched_again(
    venue: Venue, start: Start, market: Market
) -> None:
    running = start([PlanStream(f"spot:{CANDLES}", Kind.KLINE, 0, 0)])
    market.answers(running)
    market.page = lambda request: wire.HistoryReply(
        request.request_id,
        200,
        [
            events.candle("AUSDT", (opened - events.T0) // 60_000, True)
            for opened in range(request.first_id, request.last_id + 1, 60_000)
        ],
        is_final=True,
    )
    await running.subscribe(b"spot:")
    await until(lambda: venue.up and venue.up[0].streams)
    for number, is_closed in ((0, False), (0, True), (1, False), (4, False)):
        venue.publish(CANDLES, events.candle("AUSDT", number, is_closed))
    await until(lambda: running.counter("gaps_filled"))
    [request] = running.of(wire.HistoryRequest)
    opened = [events.T0 + 60_000 * number for number in (1, 3)]
    assert [request.first_id, request.last_id] == opened
    found: list[tuple[int, bool, bool]] = []

    def came() -> bool:
        for _, _, flags, body in running.messages():
            candle = orjson.loads(body)["k"]
            number = (candle["t"] - events.T0) // 60_000
            found.append((number, candle["x"], "B" in flags))
        return len(found) == 7

    await until(came)
    assert found[4:] == [(1, True, True), (2, True, True), (3, True, True)]
