"""What a table shows for an instrument: the worst of what is subscribed, the price it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.screen import next_order
from gateway.cli.view import ORDERS, SEVERITY, Viewer, _states, by_symbol
from gateway_client import Gateway, Status
from gateway_client.layout import Kind, Shape
from gateway_client.status import StreamStatus
from tests.clients.support import Shard


def stream(kind: str, status: str = "LIVE", delivery: str = "DELIVERING") -> StreamStatus:
    return StreamStatus(
        f"spot:a@{kind}", status, True, 0, 0, 0, 0, None, kind=kind, delivery=delivery
    )


def shown(kinds: list[str], quote: Status, book: Status, status: str = "LIVE") -> Status:
    streams = [stream(kind, status) for kind in kinds]
    return min(_states(streams, quote, book), key=SEVERITY.index)


def test_every_status_has_its_severity() -> None:
    assert sorted(SEVERITY) == sorted(Status)


@pytest.mark.parametrize(
    ("kinds", "quote", "book", "state"),
    [
        (["QUOTE", "DIFF"], Status.LIVE, Status.LIVE, Status.LIVE),
        (["QUOTE", "DIFF"], Status.LIVE, Status.GAPPED, Status.GAPPED),
        (["QUOTE", "DIFF"], Status.STALE, Status.SYNCING, Status.STALE),
        (["QUOTE"], Status.LIVE, Status.EMPTY, Status.LIVE),
        (["QUOTE"], Status.DEAD, Status.DEAD, Status.DEAD),
        (["TRADE"], Status.EMPTY, Status.EMPTY, Status.LIVE),
        (["PARTIAL"], Status.EMPTY, Status.EMPTY, Status.LIVE),
        (["KLINE", "MARK_PRICE"], Status.EMPTY, Status.EMPTY, Status.LIVE),
    ],
)
def test_slots_without_a_stream_do_not_count(
    kinds: list[str], quote: Status, book: Status, state: Status
) -> None:
    assert shown(kinds, quote, book) is state


def test_trades_alone_show_the_state_of_their_streams() -> None:
    assert shown(["TRADE"], Status.EMPTY, Status.EMPTY, "DOWN") is Status.DOWN


def test_streams_of_a_dead_writer_are_dead_whatever_they_said_last() -> None:
    streams = [stream("TRADE", "LIVE", "DEAD")]
    assert list(_states(streams, Status.DEAD, Status.DEAD)) == [Status.DEAD]


def test_orders_come_round() -> None:
    order, seen = "symbol", []
    for _ in ORDERS:
        order = next_order(order)
        seen.append(order)
    assert sorted(seen) == sorted(ORDERS)
    assert order == "symbol"


@pytest.fixture
def several(run_dir: Path) -> Shard:
    """Instruments with and without quotes: a trade, a mark price, an index price, nothing."""
    shard = Shard(run_dir, symbols=("AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT")).start()
    shard.add_stream("spot:ausdt@trade", Kind.TRADE, 0, sequence=7, mono_recv=1)
    shard.add_stream("spot:busdt@markPrice", Kind.MARK_PRICE, 1, gap_count=3)
    shard.add_stream("spot:cusdt@indexPrice", Kind.INDEX_PRICE, 2)
    shard.add_stream("spot:dusdt@bookTicker", Kind.QUOTE, 3, status=Status.STALE)
    shard.add_stream("spot:!ticker@arr", Kind.TICKER, 2**32 - 1, shape=Shape.SYNTHETIC)
    shard.write_cell("last_trade", 0, px=12345)
    shard.write_cell("mark_price", 1, mark_px=91231_55000000)
    shard.write_cell("mark_price", 2, index_px=5_00000000)
    shard.write_cell("quote", 3, bid_px=100, ask_px=101, sequence=1, status=Status.STALE)
    return shard


def test_instrument_without_a_quote_shows_the_price_that_it_has(several: Shard) -> None:
    view = Viewer(Gateway(several.run_dir)).look()
    assert {row.symbol[-5:]: row.last for row in view.symbols} == {
        "AUSDT": "123.45", "BUSDT": "91231.55", "CUSDT": "5", "DUSDT": "-", "EUSDT": "-",
    }  # fmt: skip
    assert [row.state for row in view.symbols] == [
        Status.LIVE, Status.LIVE, Status.LIVE, Status.STALE, Status.EMPTY,
    ]  # fmt: skip
    assert view.symbols[0].bid_px == "-"
    assert view.symbols[3].bid_px == "1.00"


@pytest.mark.parametrize(
    ("order", "first"), [("symbol", "AUSDT"), ("gaps", "BUSDT"), ("state", "DUSDT")]
)
def test_noteworthy_come_first_and_the_rest_is_left_out(
    several: Shard, order: str, first: str
) -> None:
    view = Viewer(Gateway(several.run_dir), order).look(limit=2)
    assert view.symbols[0].symbol == f"spot:{first}"
    assert (len(view.symbols), view.symbol_count) == (2, 5)


def test_busiest_come_first_by_rate(several: Shard) -> None:
    status = Gateway(several.run_dir).status()
    rates = {each.name: 0.0 for shard in status.shards for each in shard.streams}
    rows = by_symbol(["spot:AUSDT", "spot:BUSDT"], status, rates | {"spot:busdt@markPrice": 5.0})
    assert [row.rate for row in rows] == [0.0, 5.0]
    assert sorted(rows, key=ORDERS["rate"])[0].symbol == "spot:BUSDT"


def test_only_instruments_that_are_shown_are_read(
    several: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of instruments must not cost more than those that fit on the screen."""
    gateway = Gateway(several.run_dir)
    monkeypatch.setattr(type(gateway), "book", lambda *_: pytest.fail("read a book"))
    assert Viewer(gateway).look(limit=0).symbols == []
