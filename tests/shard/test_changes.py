"""The plan changes while the shard runs: what is not concerned sees nothing of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.layout import Kind, Market, Shape, Status
from gateway.plan import PlanChange, PlanConnection, PlanStream, PlanSymbol
from gateway.shard import rotation
from tests.shard import events
from tests.shard.conftest import Start
from tests.shard.running import Running, array, stream, symbol
from tests.shard.venue import TEXT, Venue
from tests.waiting import until

numbers = itertools.count(1)


def change(**what: object) -> PlanChange:
    return PlanChange(next(numbers), **what)  # type: ignore[arg-type]  # of several types


@pytest_asyncio.fixture
async def trades(venue: Venue) -> AsyncIterator[list[bytes]]:
    """The venue keeps publishing trades of AUSDT; what it sent."""
    sent: list[bytes] = []

    async def publish() -> None:
        while True:
            await asyncio.sleep(0.005)
            sent.append(events.trade("AUSDT", len(sent) + 1))
            venue.publish("ausdt@trade", sent[-1])

    task = asyncio.ensure_future(publish())
    yield sent
    task.cancel()


async def up(venue: Venue, running: Running, count: int) -> None:
    await until(lambda: venue.up and len(venue.up[0].streams) == count)
    await until(lambda: running.of(wire.Ready))


async def untouched(running: Running, sent: list[bytes]) -> None:
    """All trades since the first one came, and each once."""
    got: list[bytes] = []
    seen = len(sent)

    def caught_up() -> bool:
        got.extend(b for topic, _, _, b in running.messages() if topic == "spot:ausdt@trade")
        return sent[seen - 1] in got

    await until(caught_up)
    first = sent.index(got[0])
    assert got == sent[first : first + len(got)]
    assert running.counter("gaps") == 0


@pytest.mark.asyncio
async def test_streams_are_added_and_removed_on_the_link_that_is_up(
    venue: Venue, start: Start, trades: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    running = start([stream("ausdt@trade", 0)])
    await running.subscribe(b"spot:")
    await up(venue, running, 1)
    assert await running.change(change(add=[stream("busdt@trade", 1)])) == {}
    await until(lambda: venue.up[0].streams == {"ausdt@trade", "busdt@trade"})
    venue.publish("busdt@trade", events.trade("BUSDT", 1))
    await until(lambda: running.stream_status("spot:busdt@trade") is Status.LIVE)
    assert await running.change(change(remove=["spot:busdt@trade"])) == {}
    assert running.stream_status("spot:busdt@trade") is Status.RETIRED
    await until(lambda: venue.up[0].streams == {"ausdt@trade"})
    # What was on its way when we left is counted, and no reason for a warning.
    venue.up[0].send(TEXT, b'{"stream":"busdt@trade","data":%s}' % events.trade("BUSDT", 2))
    await until(lambda: running.counter("frames_unknown_stream") == 1)
    assert await running.change(change(add=[stream("busdt@trade", 1)])) == {}
    await until(lambda: venue.up[0].streams == {"ausdt@trade", "busdt@trade"})
    venue.publish("busdt@trade", events.trade("BUSDT", 3))
    await until(lambda: running.stream_status("spot:busdt@trade") is Status.LIVE)
    await untouched(running, trades)
    assert len(venue.attempts) == 1
    assert "not subscribed" not in caplog.text


@pytest.mark.asyncio
async def test_a_change_during_a_rotation_reaches_both_links(
    venue: Venue, start: Start, trades: list[bytes]
) -> None:
    running = start([stream("ausdt@trade", 0), stream("cusdt@trade", 2)])
    await running.subscribe(b"spot:")
    await up(venue, running, 2)  # CUSDT is quiet, so that the rotation takes five seconds
    venue.up[0].send(TEXT, b'{"e":"serverShutdown","E":1770123456789}')
    await until(lambda: len(venue.up) == 2 and venue.up[1].streams)
    await running.change(change(add=[stream("busdt@trade", 1)], remove=["spot:cusdt@trade"]))
    wanted = {"ausdt@trade", "busdt@trade"}
    await until(lambda: [session.streams for session in venue.up] == [wanted, wanted])
    venue.publish("busdt@trade", events.trade("BUSDT", 1))
    await until(lambda: running.counter("rotations") == 1)
    await untouched(running, trades)


@pytest.mark.asyncio
async def test_a_rotation_waits_for_the_ack_of_a_stream_that_was_added_meanwhile(
    venue: Venue, start: Start, trades: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "QUIET_S", 0.3)
    running = start([stream("ausdt@trade", 0), stream("cusdt@trade", 2)])
    await up(venue, running, 2)
    venue.up[0].send(TEXT, b'{"e":"serverShutdown","E":1770123456789}')
    await until(lambda: len(venue.up) == 2 and len(venue.up[1].streams) == 2)
    venue.answers = False
    await running.change(change(add=[stream("busdt@trade", 1)]))
    await asyncio.sleep(1.0)
    assert running.counter("rotations") == 0
    venue.answer_late()
    await until(lambda: running.counter("rotations") == 1)


@pytest.mark.asyncio
async def test_symbols_and_connections_are_appended(venue: Venue, start: Start) -> None:
    running = start([stream("ausdt@trade", 0)])
    await up(venue, running, 1)
    second = PlanConnection("spot/public/1", Market.SPOT, (venue.url("/second"),), 1000)
    added = stream("dusdt@trade", 3, connection=1)
    refused = await running.change(
        change(symbols=[symbol("DUSDT")], connections=[second], add=[added])
    )
    assert refused == {}
    await until(lambda: [s.path for s in venue.up if s.streams] == ["/stream", "/second"])
    venue.publish("dusdt@trade", events.trade("DUSDT", 1))
    await until(lambda: running.stream_status("spot:dusdt@trade") is Status.LIVE)


@pytest.mark.asyncio
async def test_a_connection_that_loses_its_last_stream_closes(venue: Venue, start: Start) -> None:
    running = start([stream("ausdt@trade", 0)])
    await up(venue, running, 1)
    await running.change(change(remove=["spot:ausdt@trade"]))
    await until(lambda: not venue.up)
    await running.change(change(add=[stream("ausdt@trade", 0)]))
    await until(lambda: [session.streams for session in venue.up] == [{"ausdt@trade"}])


@pytest.mark.asyncio
async def test_what_cannot_be_carried_is_refused_by_name_and_the_rest_is_carried(
    venue: Venue, start: Start
) -> None:
    running = start([stream("ausdt@trade", 0)], stream_capacity=3)
    await up(venue, running, 1)
    plain = PlanConnection("spot/public/1", Market.SPOT, ("ws://192.0.2.1/stream",), 3)
    refused = await running.change(
        change(
            connections=[plain],
            add=[
                stream("busdt@trade", 1, connection=1),
                stream("busdt@bookTicker", 77),
                stream("busdt@bookTicker", 1),
                stream("cusdt@trade", 2),
                stream("cusdt@bookTicker", 2),
            ],
            remove=["spot:nobody@trade"],
        )
    )
    assert "is not encrypted" in refused["spot/public/1"]
    assert "is not encrypted" in refused["spot:busdt@trade"]
    assert "no room" in refused["spot:cusdt@bookTicker"]
    assert len(refused) == 4
    await until(lambda: len(venue.up[0].streams) == 3)
    assert not running.task.done()


@pytest.mark.asyncio
async def test_halted_and_retired_symbols_say_so(
    venue: Venue, start: Start, trades: list[bytes]
) -> None:
    running = start([stream("ausdt@trade", 0), stream("busdt@trade", 1)])
    await up(venue, running, 2)
    venue.publish("busdt@trade", events.trade("BUSDT", 1))
    await until(lambda: running.stream_status("spot:busdt@trade") is Status.LIVE)
    await running.subscribe(b"state:spot:BUSDT ")
    await running.change(change(halted=[(1, True)]))
    said = []

    def is_halted() -> bool:
        said.extend(body for _, _, _, body in running.messages())
        return any(b'"HALTED"' in body for body in said)

    await until(is_halted)
    await running.change(change(retire=[1]))
    assert running.stream_status("spot:busdt@trade") is Status.RETIRED
    await until(lambda: venue.up[0].streams == {"ausdt@trade"})


@pytest.mark.asyncio
async def test_rows_of_an_array_are_streams_and_unknown_ones_are_told_once(
    venue: Venue, start: Start
) -> None:
    tickers = array("!miniTicker@arr", Kind.MINI_TICKER, rows=(0, 1), expected_ms=1000)
    running = start([tickers])
    await running.subscribe(b"spot:")
    await up(venue, running, 1)
    rows = [events.mini_ticker(name, 1) for name in ("AUSDT", "NEWUSDT", "BUSDT")]
    venue.publish("!miniTicker@arr", b"[%s]" % b",".join(rows))
    got: dict[str, bytes] = {}

    def has_three() -> bool:
        got.update((topic, body) for topic, _, _, body in running.messages())
        return len(got) == 3

    await until(has_three)
    assert got["spot:ausdt@miniTicker"] == rows[0]
    assert got["spot:busdt@miniTicker"] == rows[2]
    assert got["spot:!miniTicker@arr"] == b"[%s]" % b",".join(rows)
    venue.publish("!miniTicker@arr", b"[%s]" % events.mini_ticker("NEWUSDT", 2))
    await until(lambda: running.counter("rows_unknown") == 2)
    assert running.of(wire.RowUnknown) == [wire.RowUnknown("spot:!miniTicker@arr", "NEWUSDT")]


@pytest.mark.asyncio
async def test_an_array_gets_rows_and_leaves_them_to_streams_of_their_own(
    venue: Venue, start: Start
) -> None:
    """A new listing gets a row; a stream that is subscribed by itself takes its row over."""
    name, kind = "!miniTicker@arr", Kind.MINI_TICKER
    running = start([array(name, kind, rows=(0, 1))])
    await running.subscribe(b"spot:")
    await up(venue, running, 1)
    own = PlanStream("spot:ausdt@miniTicker", kind, 0, 0)
    refused = await running.change(
        change(
            symbols=[symbol("DUSDT")],
            add=[array(name, kind, rows=(1, 3), covered=(0,)), own],
        )
    )
    assert refused == {}
    await until(lambda: venue.up[0].streams == {name, "ausdt@miniTicker"})
    running.messages()
    rows = [events.mini_ticker(symbol, 7) for symbol in ("AUSDT", "BUSDT", "DUSDT")]
    venue.publish(name, b"[%s]" % b",".join(rows))
    venue.publish("ausdt@miniTicker", events.mini_ticker("AUSDT", 8))
    got: list[tuple[str, bytes]] = []

    def all_came() -> bool:
        got.extend((topic, body) for topic, _, _, body in running.messages())
        return len(got) >= 4

    await until(all_came)
    assert sorted(got)[1:] == [
        ("spot:ausdt@miniTicker", events.mini_ticker("AUSDT", 8)),
        ("spot:busdt@miniTicker", rows[1]),
        ("spot:dusdt@miniTicker", rows[2]),
    ]
    assert running.counter("rows_covered") == 1
    # And back: the stream is left, the array feeds the row again.
    refused = await running.change(
        change(remove=[own.name], add=[array(name, kind, rows=(0, 1, 3))])
    )
    assert refused == {}
    venue.publish(name, b"[%s]" % events.mini_ticker("AUSDT", 9))
    await until(lambda: "spot:ausdt@miniTicker" in [m[0] for m in running.messages()])


@pytest.mark.asyncio
async def test_a_stream_by_itself_takes_its_row_over_even_where_the_array_was_not_told(
    venue: Venue, start: Start
) -> None:
    name, kind = "!miniTicker@arr", Kind.MINI_TICKER
    running = start([array(name, kind, rows=(0,))])
    await up(venue, running, 1)
    own = PlanStream("spot:ausdt@miniTicker", kind, 0, 0)
    assert await running.change(change(add=[own])) == {}
    await until(lambda: len(venue.up[0].streams) == 2)
    venue.publish(name, b"[%s]" % events.mini_ticker("AUSDT", 1))
    await until(lambda: running.counter("rows_covered") == 1)
    assert running.counter("rows_split") == 0


@pytest.mark.asyncio
async def test_changed_rows_are_put_together_once_a_second(venue: Venue, start: Start) -> None:
    whole = PlanStream("spot:!ticker@arr", Kind.TICKER, wire.NONE, 0, shape=Shape.SYNTHETIC)
    running = start([stream("ausdt@ticker", 0), stream("busdt@ticker", 1), whole])
    await running.subscribe(b"spot:!ticker@arr ")
    await up(venue, running, 2)
    await running.change(change(add=[stream("cusdt@ticker", 2)]))
    await until(lambda: len(venue.up[0].streams) == 3)
    rows = [events.ticker(name, 1) for name in ("AUSDT", "CUSDT")]
    for name, row in zip(("ausdt", "cusdt"), rows, strict=True):
        venue.publish(f"{name}@ticker", row)
    got: list[tuple[str, int, str, bytes]] = []
    await until(lambda: got.extend(running.messages()) or got)
    assert [(topic, flags) for topic, _, flags, _ in got] == [("spot:!ticker@arr", "S")]
    assert got[0][3] == b"[%s]" % b",".join(rows)
    assert "!ticker@arr" not in venue.up[0].streams


@pytest.mark.asyncio
async def test_snapshots_are_asked_for_with_their_variant(venue: Venue, start: Start) -> None:
    running = start([stream("ausdt@depth@100ms", 0)])
    running.answer = lambda message: (
        wire.SnapshotReply(message.request_id, 200, events.snapshot(10))
        if isinstance(message, wire.SnapshotRequest)
        else None
    )
    await up(venue, running, 1)
    retail = PlanSymbol(Market.SPOT, "AUSDT", -2, -5, variant="RPI")
    book = PlanStream("spot:ausdt@rpiDepth@500ms", Kind.DIFF, 3, 0)
    assert await running.change(change(symbols=[retail], add=[book])) == {}
    for number in range(10, 13):
        venue.publish("ausdt@depth@100ms", events.diff("AUSDT", number))
        venue.publish("ausdt@rpiDepth@500ms", events.diff("AUSDT", number))
        await asyncio.sleep(0.05)
    await until(lambda: len(running.of(wire.SnapshotRequest)) >= 2)
    asked = {(r.symbol, r.variant, r.levels) for r in running.of(wire.SnapshotRequest)}
    assert asked == {("AUSDT", "", 1000), ("AUSDT", "RPI", 1000)}


@pytest.mark.asyncio
async def test_topics_that_nobody_carries_are_told_to_the_supervisor(
    venue: Venue, start: Start
) -> None:
    running = start([stream("ausdt@trade", 0)])
    for topic in (b"spot:ausdt@trade ", b"spot:busdt@", b"bin:usdm:btcusdt@trade\0"):
        await running.subscribe(topic)
    await until(lambda: running.of(wire.TopicWanted))
    running.subscriber.unsubscribe(b"bin:usdm:btcusdt@trade\0")
    await until(lambda: len(running.of(wire.TopicWanted)) == 2)
    assert running.of(wire.TopicWanted) == [
        wire.TopicWanted("usdm:btcusdt@trade", True),
        wire.TopicWanted("usdm:btcusdt@trade", False),
    ]
