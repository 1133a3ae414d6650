"""Books from their first snapshot to their deep one, after a gap, a lost connection, an audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.layout import Market as MarketId
from gateway.layout import Status
from gateway.plan import Need
from tests.shard.conftest import Start
from tests.shard.market import LEVELS, Book, Market
from tests.shard.running import Running, stream
from tests.shard.venue import Venue
from tests.waiting import until

DEEP = 5000  # of spot: too dear to begin with


@pytest_asyncio.fixture
async def market(venue: Venue) -> Market:
    return Market(venue)


def asked(
    running: Running, need: Need | None = None, symbol: str = ""
) -> list[wire.SnapshotRequest]:
    return [
        request
        for request in running.of(wire.SnapshotRequest)
        if need in (None, request.need) and symbol in ("", request.symbol)
    ]


def carrying(start: Start, market: Market, *symbols: str, **more: object) -> Running:
    """A shard with the books of these symbols."""
    names = ("AUSDT", "BUSDT", "CUSDT")
    market.books = {symbol: Book(symbol) for symbol in symbols}
    streams = [stream(f"{s.lower()}@depth@100ms", names.index(s)) for s in symbols]
    running = start(streams, **({"snapshot_levels": DEEP} | more))
    market.answers(running)
    return running


def status(running: Running, symbol: str = "AUSDT") -> Status:
    return running.stream_status(f"spot:{symbol.lower()}@depth@100ms")


def is_live(running: Running, *symbols: str) -> Callable[[], bool]:
    return lambda: all(book_of(running, symbol).status is Status.LIVE for symbol in symbols)


class Shown:
    """What ``Engine.book`` says of a book now."""

    def __init__(self, running: Running, symbol: str) -> None:
        shard = running.shard
        [row] = shard._rows.rows_of(MarketId.SPOT, symbol)
        dump = shard._engine.book(row)
        assert dump is not None
        self.status = Status(dump.status)
        self.update_id = dump.update_id
        self.levels = len(dump.bids) // 16


def book_of(running: Running, symbol: str) -> Shown:
    return Shown(running, symbol)


async def deepened(running: Running, *symbols: str) -> None:
    await until(lambda: all(book_of(running, symbol).levels >= LEVELS for symbol in symbols))


@pytest.mark.asyncio
async def test_books_come_up_on_shallow_snapshots_and_are_deepened_afterwards(
    start: Start, market: Market
) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT", "CUSDT")
    with market.going():
        await until(is_live(running, *market.books))
        first = {request.levels for request in asked(running, Need.COLD)}
        assert first == {100}
        await deepened(running, *market.books)
    needs = [request.need for request in asked(running)]
    assert needs == [Need.COLD] * 3 + [Need.DEEPEN] * 3
    assert {request.levels for request in asked(running, Need.DEEPEN)} == {DEEP}
    assert running.counter("books_deepened") == 3
    assert running.counter("audits_differing") == 0


@pytest.mark.asyncio
async def test_a_few_books_come_up_deep_where_that_is_cheap(start: Start, market: Market) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT", snapshot_levels=1000)
    with market.going():
        await until(is_live(running, "AUSDT", "BUSDT"))
    assert [request.levels for request in asked(running)] == [1000, 1000]
    assert [request.least for request in asked(running)] == [100, 100]


@pytest.mark.asyncio
async def test_none_is_deepened_while_another_has_nothing(start: Start, market: Market) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT")
    answer = running.answer
    held: list[wire.SnapshotRequest] = []

    def hold(message: object) -> None:
        if isinstance(message, wire.SnapshotRequest) and message.symbol == "BUSDT":
            held.append(message)
        else:
            answer(message)

    running.answer = hold
    with market.going():
        await until(lambda: held and is_live(running, "AUSDT")())
        await asyncio.sleep(0.3)
        assert asked(running, Need.DEEPEN) == []
        answer(held[0])
        running.answer = answer
        await deepened(running, "AUSDT", "BUSDT")


@pytest.mark.asyncio
async def test_levels_by_symbol_are_what_it_is_deepened_to(start: Start, market: Market) -> None:
    running = carrying(
        start, market, "AUSDT", "BUSDT", depth_levels={"spot:AUSDT": 5000, "spot:B*": 100}
    )
    with market.going():
        await deepened(running, "AUSDT")
        await asyncio.sleep(0.2)
    assert [r.levels for r in asked(running, symbol="AUSDT")] == [100, 5000]
    assert [r.levels for r in asked(running, symbol="BUSDT")] == [100]


@pytest.mark.asyncio
async def test_a_gap_is_asked_for_at_once_and_before_everything_else(
    start: Start, market: Market
) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT")
    with market.going():
        await deepened(running, "AUSDT", "BUSDT")
        market.books["AUSDT"].change()  # nobody hears of it
        await until(lambda: asked(running, Need.LOST))
        await until(is_live(running, "AUSDT"))
        await until(lambda: len(asked(running, Need.DEEPEN, "AUSDT")) == 2)
    [lost] = asked(running, Need.LOST)
    assert (lost.symbol, lost.levels) == ("AUSDT", 100)  # a deep one weighs 250
    assert len(asked(running, symbol="BUSDT")) == 2


@pytest.mark.asyncio
async def test_the_books_of_a_lost_connection_are_lost_books(
    venue: Venue, start: Start, market: Market, quick: None
) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT", snapshot_levels=100)
    with market.going():
        await until(is_live(running, "AUSDT", "BUSDT"))
        venue.up[0].transport.disconnect(graceful=False)  # type: ignore[union-attr]  # it is up
        await until(lambda: len(asked(running, Need.LOST)) == 2)
        await until(is_live(running, "AUSDT", "BUSDT"))
    assert len(asked(running, Need.COLD)) == 2


@pytest.mark.asyncio
async def test_snapshots_that_are_too_old_are_no_reason_for_a_storm(
    start: Start, market: Market
) -> None:
    running = carrying(start, market, "AUSDT", snapshot_levels=100)
    stale = [market.books["AUSDT"].snapshot(100)]
    market.books["AUSDT"].update_id += 1000
    market.spoil = lambda request, body: stale[0] if stale else body
    with market.going():
        await until(lambda: len(asked(running)) == 3)
        await asyncio.sleep(0.5)  # the fourth comes after 0.4 s, the fifth after 0.8 s more
        assert len(asked(running)) <= 5
        stale.clear()
        await until(is_live(running, "AUSDT"))


@pytest.mark.asyncio
async def test_a_book_that_runs_thin_gets_new_levels_and_stays_live(
    start: Start, market: Market
) -> None:
    running = carrying(start, market, "AUSDT", snapshot_levels=100)
    with market.going():
        await until(is_live(running, "AUSDT"))
        venue_book = market.books["AUSDT"]
        market.venue.publish("ausdt@depth@100ms", venue_book.eat(90))
        await until(lambda: running.counter("books_thin"))
        await until(lambda: running.counter("books_deepened"))
        assert book_of(running, "AUSDT").levels >= 100
    assert [r.need for r in asked(running)] == [Need.COLD, Need.DEEPEN]
    assert running.counter("gaps") == 0


@pytest.mark.asyncio
async def test_audits_go_round_and_find_nothing_where_nothing_is(
    start: Start, market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    running = carrying(start, market, "AUSDT", "BUSDT", snapshot_levels=100, audit_interval_s=0.2)
    with market.going():
        await until(lambda: running.counter("audits") >= 6)
    assert {r.symbol for r in asked(running, Need.AUDIT)} == {"AUSDT", "BUSDT"}
    assert running.counter("audits_differing") == 0
    assert asked(running, Need.LOST) == []
    assert "differs" not in caplog.text


@pytest.mark.asyncio
async def test_a_book_that_differs_is_said_so_and_fetched_anew(
    start: Start, market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    running = carrying(start, market, "AUSDT", snapshot_levels=100, audit_interval_s=0.2)
    book = market.books["AUSDT"]
    with market.going():
        await until(is_live(running, "AUSDT"))
        book.bids[max(book.bids)] = 7  # changed without an event
        await until(lambda: running.counter("audits_differing"))
        await until(lambda: asked(running, Need.LOST))
        await until(is_live(running, "AUSDT"))
        audits = running.counter("audits")
        await until(lambda: running.counter("audits") >= audits + 2)
    assert running.counter("audits_differing") == 1
    [line] = [r for r in caplog.records if "differs" in r.message]
    assert line.levelno == logging.ERROR
    assert line.message.startswith("spot:AUSDT: the book differs from the venue's in 1 of ")


@pytest.mark.asyncio
async def test_without_audits_a_deep_book_is_left_alone(start: Start, market: Market) -> None:
    running = carrying(start, market, "AUSDT", snapshot_levels=100, audit_interval_s=0)
    with market.going():
        await until(is_live(running, "AUSDT"))
        await asyncio.sleep(0.3)
    assert len(asked(running)) == 1


@pytest.mark.asyncio
async def test_a_late_joiner_gets_the_whole_book(start: Start, market: Market) -> None:
    running = carrying(start, market, "AUSDT")
    with market.going():
        await deepened(running, "AUSDT")
    running.channel.send(wire.BookRequest(5, MarketId.SPOT, "AUSDT"))
    running.channel.send(wire.BookRequest(6, MarketId.SPOT, "NOUSDT"))
    await until(lambda: len(running.of(wire.BookReply)) == 2)
    found, missing = running.of(wire.BookReply)
    assert (found.request_id, found.status, found.error) == (5, Status.LIVE, "")
    assert found.update_id == market.books["AUSDT"].update_id
    assert len(found.bids) == 16 * len(market.books["AUSDT"].bids)
    assert (missing.request_id, missing.bids) == (6, b"")
    assert missing.error
