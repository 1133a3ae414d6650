"""Recorded sessions fed to the engine in this process: each book after each event is the oracle's.

Snapshots come where the recorder got them. The same sessions go over real sockets, with the
simulator, in ``tests/integration/test_captures.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.engine import Engine, FrameClass, SnapshotResult
from gateway.layout import Kind, Market, SectionKind, Status
from gateway.plan import PlanSymbol
from tests.core.rig import blank, mapped
from tests.model import captures, replay
from tests.model.captures import Event, Session
from tests.model.follower import Follower
from tests.model.ring import Segment, levels_of_slot

SESSIONS = (
    "playback-BINANCE_20210405",
    "playback-BINANCE_DELIVERY_20210722",
    "playback-BINANCE_FUTURES_20210722",
)


class Fed:
    """An engine over a segment, fed from a session, with a follower on its ring."""

    def __init__(self, market: Market, symbols: list[str], streams: list[str]) -> None:
        self.memory = mapped(blank(1 << 22, symbols=len(symbols)))
        self.engine = Engine(self.memory)
        self.engine.heartbeat()
        self.segment = Segment(self.memory)
        self.ring = self.segment.ring(SectionKind.EVENTS, 0)
        self.follower = Follower()
        self.connection = self.engine.add_connection("test/0", market)
        exponent = replay.EXPONENT
        self.rows = {
            name: self.engine.add_symbol(PlanSymbol(market, name, exponent, exponent))
            for name in symbols
        }
        for stream in streams:
            symbol, _, kind = stream.partition("@")
            name = f"{market.name.lower()}:{stream}"
            number = Kind.DIFF if kind.startswith("depth") else Kind.QUOTE
            self.engine.add_stream(name, number, self.rows[symbol.upper()], self.connection)
        self.engine.link_up(self.connection)

    def take(self, event: Event) -> None:
        symbol = event.symbol or next(iter(self.rows))
        if event.stream:
            frame = b'{"stream":"%s","data":%s}' % (event.stream.encode(), event.data)
            assert self.engine.frame(self.connection, frame) is FrameClass.DATA
            self.engine.batch_end()
        else:
            self.engine.ask_snapshot(self.rows[symbol])
            found, _ = self.engine.snapshot(self.rows[symbol], event.data)
            assert found in (SnapshotResult.LIVE, SnapshotResult.HELD)
        self.follower.follow(self.ring.read())

    def close(self) -> None:
        self.engine.close()
        self.memory.close()


def of_books(event: Event) -> bool:
    return event.stream.partition("@")[2].startswith(("depth", "bookTicker")) or not event.stream


@pytest.fixture(scope="session")
def sessions(shared_data: Path) -> dict[str, Session]:
    found = captures.sessions((shared_data / "PROVENANCE.md").read_text())
    return {session.name: session for session in found}


@pytest.mark.parametrize("name", SESSIONS)
def test_every_book_of_a_session_is_the_oracles_after_every_event(
    shared_data: Path, sessions: dict[str, Session], name: str
) -> None:
    session = sessions[name]
    events = [event for event in captures.events(shared_data, session) if of_books(event)]
    truths = replay.truths(session.market, events)
    streams = sorted({event.stream for event in events if event.stream})
    fed = Fed(session.market, list(truths), streams)
    for number, event in enumerate(events):
        if number % 64 == 0:
            fed.engine.heartbeat()  # a loop without one for a second counts as stalled
        fed.take(event)
    assert fed.follower.holes == []
    assert fed.ring.lapped_count == 0
    assert fed.segment.counters().gaps == 0
    for symbol, truth in truths.items():
        followed = fed.follower.symbols[fed.rows[symbol]]
        cell, bids, asks = levels_of_slot(
            fed.segment.slot(SectionKind.BOOK, fed.rows[symbol]) or b""
        )
        assert cell.status == followed.status == Status.LIVE, symbol
        assert (bids, asks) == truth.life.book.top(20), symbol
        assert dict(followed.bests).items() >= truth.bests.items(), symbol
        assert followed.applied == truth.applied, symbol
        found = session.books[symbol]
        bests = dict(followed.bests)  # of a snapshot and a diff that end at one id: the diff's
        applied = {number: bests[number] for number in truth.bests}
        agreed = replay.agreement(applied.items(), followed.quote_ids, followed.quotes)
        assert agreed == (found.matched, found.compared), symbol
    fed.close()
