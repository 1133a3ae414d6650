"""A change of trust changes nothing else: an old value stays as old as it is, and a quote that is
made from a book goes where its book goes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gateway import layout
from gateway.core.engine import SnapshotResult
from gateway.layout import Kind, Market, Reason, SectionKind, Source, Status
from tests.core.paired import SECOND, Paired, quote, trade
from tests.core.rig import levels_json, snapshot_body
from tests.model.ring import unpack
from tests.model.sequencing import Snapshot

MARKETS = (Market.SPOT, Market.USDM)
BIDS, ASKS = ((90, 5), (89, 5)), ((110, 5), (111, 5))
FILLED = {"bookTicker": SectionKind.QUOTE, "trade": SectionKind.LAST_TRADE}
Trouble = Callable[[Paired], None]


def diff(number: int) -> bytes:
    """One depth event of both kinds of market: bids of 0.90 get a quantity."""
    return (
        f'{{"e":"depthUpdate","E":1795345200123,"s":"BTCUSDT","U":{number},"u":{number}'
        f',"pu":{number - 1},"b":{levels_json([(90, number)])},"a":[]}}'
    ).encode()


def with_book(rig: Paired) -> None:
    """A book that is LIVE at 12, and no stream of quotes."""
    row = rig.stream("depth")
    rig.engine.acked(rig.a, [row])
    rig.give(rig.a, "depth", diff(11))
    body = snapshot_body(Snapshot(10, BIDS, ASKS))
    assert rig.engine.snapshot(rig.symbol, body, 0) == (SnapshotResult.LIVE, "OK")
    rig.give(rig.a, "depth", diff(12))


def shown(rig: Paired, kind: SectionKind) -> layout.Struct:
    data = rig.segment.slot(kind, rig.symbol)
    assert data is not None
    found: layout.Struct = unpack(layout.META, data)
    return found


def wait(rig: Paired, seconds: float) -> None:
    rig.wait(seconds)


def lose_link(rig: Paired) -> None:
    rig.engine.link_down(rig.a)


def halt(rig: Paired) -> None:
    rig.engine.set_halted(rig.symbol, True)


def stall(rig: Paired) -> None:
    rig.now += 20 * SECOND
    rig.engine.heartbeat(rig.now, time.time_ns())


def miss(rig: Paired) -> None:
    rig.give(rig.a, "depth", diff(20))


def garble(rig: Paired) -> None:
    rig.give(rig.a, "depth", b'{"e":"depthUpdate","E":17953')


TROUBLES: dict[str, tuple[Trouble, Status]] = {
    "silence": (lambda rig: wait(rig, 40), Status.STALE),
    "connection lost": (lose_link, Status.DOWN),
    "not trading": (halt, Status.HALTED),
    "stood still": (stall, Status.STALE),
}
OF_BOOKS: dict[str, tuple[Trouble, Status]] = {
    **TROUBLES,
    "something missing": (miss, Status.GAPPED),
    "something garbled": (garble, Status.GAPPED),
}


@pytest.mark.parametrize("what", TROUBLES)
@pytest.mark.parametrize("suffix", FILLED)
def test_a_value_that_is_not_live_any_more_is_as_old_as_it_was(suffix: str, what: str) -> None:
    trouble, status = TROUBLES[what]
    with Paired() as rig:
        rig.engine.acked(rig.a, [rig.stream(suffix)])
        rig.give(rig.a, suffix, quote(7) if suffix == "bookTicker" else trade(7))
        before = shown(rig, FILLED[suffix])
        assert (before.status, before.mono_recv) == (Status.LIVE, rig.now)
        rig.wait(1)
        trouble(rig)
        after = shown(rig, FILLED[suffix])
        assert after.status == status
        assert (after.mono_recv, after.ts_recv) == (before.mono_recv, before.ts_recv)
        assert (after.ts_event, after.update_id) == (before.ts_event, before.update_id)


@pytest.mark.parametrize("what", OF_BOOKS)
@pytest.mark.parametrize("market", MARKETS)
def test_a_quote_made_from_a_book_goes_where_its_book_goes(market: Market, what: str) -> None:
    trouble, status = OF_BOOKS[what]
    with Paired(market) as rig:
        with_book(rig)
        before = shown(rig, SectionKind.QUOTE)
        assert (before.status, before.source) == (Status.LIVE, Source.BOOK)
        rig.wait(1)
        trouble(rig)
        book, made = shown(rig, SectionKind.BOOK), shown(rig, SectionKind.QUOTE)
        assert book.status == status
        assert (made.status, made.reason) == (book.status, book.reason)
        assert (made.mono_recv, made.ts_recv) == (before.mono_recv, before.ts_recv)
        assert (book.mono_recv, book.ts_recv) == (before.mono_recv, before.ts_recv)


@pytest.mark.parametrize("market", MARKETS)
def test_both_are_live_again_together(market: Market) -> None:
    with Paired(market) as rig:
        with_book(rig)
        miss(rig)
        body = snapshot_body(Snapshot(19, BIDS, ASKS))
        assert rig.engine.snapshot(rig.symbol, body, 0) == (SnapshotResult.LIVE, "OK")
        rig.give(rig.a, "depth", diff(21))
        for kind in (SectionKind.BOOK, SectionKind.QUOTE):
            after = shown(rig, kind)
            assert (after.status, after.update_id) == (Status.LIVE, 21)
            assert after.mono_recv == rig.now


def test_a_stream_of_quotes_does_not_follow_the_book() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        with_book(rig)
        rig.give(rig.a, "bookTicker", quote(12))
        miss(rig)
        made = shown(rig, SectionKind.QUOTE)
        assert (made.status, made.source) == (Status.LIVE, Source.BOOK_TICKER)
        assert shown(rig, SectionKind.BOOK).reason == Reason.GAP
        assert rig.records(Kind.GAP)
