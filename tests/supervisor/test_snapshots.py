"""Whole books for late joiners: the answer's form, and the way through supervisor and shard."""

from __future__ import annotations

import array
import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import decimals, streams
from gateway.layout import NULL, Market, Reason, Status
from gateway.plan import BookReply
from gateway.supervisor.child import BOOKS_MAX, ShardChild
from gateway.supervisor.snapshots import Books, as_json, books_of, no_book
from gateway_client.control import request
from gateway_client.dumps import dump_of, mantissa
from tests.supervisor.conftest import Running, Start

MANTISSA = st.integers(-(2**63) + 1, 2**63 - 1)


@given(MANTISSA, st.integers(-18, 0))
def test_decimal_text_is_exact_and_read_back(number: int, exponent: int) -> None:
    text = decimals.text(number, exponent)
    assert Decimal(text) == Decimal(number).scaleb(exponent)
    assert len(text.partition(".")[2]) == -exponent
    assert mantissa(text, exponent) == number


def packed(*levels: int) -> bytes:
    return array.array("q", levels).tobytes()


BOOK = BookReply(
    1, status=1, reason=3, epoch=2**62, stream="spot:btcusdt@depth", sequence=5, update_id=77,
    ring_position=2**55, ts_event=1_700_000_000_000_000_000, px_exponent=-2, qty_exponent=-1,
    bids=packed(105, 7, 104, 1, 100, 30), asks=packed(106, 1), bid_complete_px=99,
    ask_complete_px=NULL,
)  # fmt: skip


def test_book_is_given_whole_with_all_that_joins_it() -> None:
    assert as_json(BOOK) == {
        "state": "LIVE",
        "reason": "SNAPSHOT",
        "epoch": str(2**62),
        "stream": "spot:btcusdt@depth",
        "sequence": 5,
        "update_id": 77,
        "ring_position": str(2**55),
        "ts_event": 1_700_000_000_000_000_000,
        "px_exponent": -2,
        "qty_exponent": -1,
        "bids": [("1.05", "0.7"), ("1.04", "0.1"), ("1.00", "3.0")],
        "asks": [("1.06", "0.1")],
        "bid_complete": "0.99",
        "ask_complete": None,
    }


@pytest.mark.parametrize(
    ("levels", "count", "complete"),
    [(1, 1, "1.05"), (2, 2, "1.04"), (3, 3, "0.99"), (9, 3, "0.99")],
)
def test_what_is_cut_off_is_not_known_to_be_complete(
    levels: int, count: int, complete: str
) -> None:
    found = as_json(BOOK, levels)
    assert (len(found["bids"]), found["bid_complete"]) == (count, complete)
    assert (len(found["asks"]), found["ask_complete"]) == (1, None)


def test_answer_is_what_the_client_reads() -> None:
    dump = dump_of(as_json(BOOK))
    assert (dump.state, dump.reason) == (Status.LIVE, Reason.SNAPSHOT)
    assert (dump.bids, dump.asks) == ([105, 7, 104, 1, 100, 30], [106, 1])
    assert (dump.epoch, dump.ring_position) == (2**62, 2**55)
    assert (dump.bid_complete, dump.ask_complete) == (99, None)


def test_books_are_found_by_the_symbol_of_their_row() -> None:
    names = ("spot:btcusdt@depth@100ms", "usdm:btcusdt@rpiDepth@500ms", "spot:ethusdt@trade")
    wanted = {stream.name: stream for stream in map(streams.parse, names)}
    assert list(books_of(wanted)) == ["spot:BTCUSDT", "usdm:BTCUSDT.RPI"]
    assert "there are a, b; subscribe" in no_book(["b", "a"]).why
    assert "and 4 more" in no_book([str(n) for n in range(12)]).why


def test_code_is_that_of_what_was_refused() -> None:
    books = Books()
    books.add("a", BOOK, 0)
    assert books.as_result()["code"] == 0
    books.add("b", None, 0)
    assert books.as_result()["code"] == 69
    books.add("c", BookReply(2, "why"), 0)
    assert (books.as_result()["code"], books.as_result()["refused"]["c"]) == (67, "why")


def ask(running: Running, *symbols: str, **more: Any) -> dict[str, Any]:
    control = f"ipc://{running.run_dir}/control.sock"
    return request(control, "snapshot", 30.0, symbols=list(symbols), **more)


def start_books(start: Start, *symbols: str, patch: str = "") -> Running:
    words = [w for s in symbols for w in ("--subscribe", f"spot:{s.lower()}@depth")]
    running = start("GOOD", *words, patch=patch)
    running.started()
    return running


def test_snapshot_goes_through_supervisor_and_shard(start: Start) -> None:
    running = start_books(start, "BTCUSDT", "LARGE")
    found = ask(running, "spot:BTCUSDT", "spot:NOPE", "spot:GOOD", "spot:LARGE", levels=1)
    book = found["books"]["spot:BTCUSDT"]
    assert (book["state"], book["bids"], book["bid_complete"]) == (
        "LIVE",
        [["100.01", "0.005"]],
        "100.01",
    )
    assert (book["asks"], book["ask_complete"], book["ts_event"]) == ([], None, None)
    assert found["refused"]["spot:LARGE"] == "it is too large"
    assert (
        "no order book of it is carried; there are spot:BTCUSDT, spot:LARGE"
        in (found["refused"]["spot:NOPE"])
    )
    assert set(found["refused"]) == {"spot:NOPE", "spot:GOOD", "spot:LARGE"}
    assert found["code"] == 67
    again = ask(running, "spot:BTCUSDT")
    assert again["books"]["spot:BTCUSDT"]["bids"] == [["100.01", "0.005"], ["99.99", "12.345"]]
    running.stop()


def test_shard_that_dies_meanwhile_answers_with_an_error(start: Start) -> None:
    running = start_books(start, "DEADLY")
    found = ask(running, "spot:DEADLY")
    assert (found["books"], found["code"]) == ({}, 69)
    assert "shard is down" in found["refused"]["spot:DEADLY"]


def test_shard_that_does_not_answer_is_given_up_and_holds_nobody_up(start: Start) -> None:
    hasty = "from gateway.supervisor import fleet; fleet.BOOK_SECONDS = 0.3"
    running = start_books(start, "DEAF", "BTCUSDT", patch=hasty)
    assert ask(running, "spot:DEAF", "spot:BTCUSDT")["code"] == 69
    assert ask(running, "spot:BTCUSDT")["code"] == 0
    running.stop()


class Wire:
    """Stands in for a shard's process and its channel."""

    returncode: int | None = None

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)


@pytest.mark.asyncio
async def test_shard_is_asked_for_a_few_books_at_once() -> None:
    plan: Any = SimpleNamespace(shard_id=0)
    there: Any = Wire()
    child = ShardChild(plan, there, there)
    asking = [asyncio.create_task(child.book(Market.SPOT, "A")) for _ in range(BOOKS_MAX + 2)]
    await asyncio.sleep(0)
    assert [each.request_id for each in there.sent] == [1, 2, 3, 4]
    for number, answered in ((3, 5), (1, 6)):
        child._take(BookReply(number, "why"), plan)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(there.sent) == answered
    assert (await asking[2], await asking[0]) == (BookReply(3, "why"), BookReply(1, "why"))
    child._take(BookReply(99), plan)  # nobody waits for it: nothing happens
    there.returncode = -9
    for number in (2, 4, 5, 6):
        child._take(BookReply(number), plan)
    assert None not in await asyncio.gather(*asking)
    assert await child.book(Market.SPOT, "A") is None, "a shard that has ended"
