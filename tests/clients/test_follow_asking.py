"""Following a book: when a snapshot is asked for, and what is made of answers that are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_client import BookFollower, Gateway, Status
from gateway_client.layout import NULL, Kind
from tests.clients.support import Shard
from tests.clients.test_control import Supervisor
from tests.waiting import wait_for

STREAM, SYMBOL = "spot:btcusdt@depth", "spot:BTCUSDT"


@pytest.fixture
def carried(run_dir: Path) -> Shard:
    """A shard whose book is LIVE at id 50."""
    shard = Shard(run_dir).start()
    shard.add_stream(STREAM, Kind.DIFF)
    show(shard, bid_complete=9_990)
    return shard


def show(shard: Shard, bid_complete: int, status: Status = Status.LIVE) -> None:
    shard.write_book(
        0, [(10_000, 5)], [(10_001, 5)], update_id=50, status=int(status),
        bid_complete_px=bid_complete, ask_complete_px=NULL,
    )  # fmt: skip


@pytest.fixture
def supervisor(carried: Shard) -> Iterator[Supervisor]:
    found = Supervisor(carried.run_dir / "control.sock")
    yield found
    found.close()


def book(shard: Shard, **more: Any) -> dict[str, Any]:
    found = {
        "state": "LIVE", "reason": "NONE", "epoch": str(shard.current.generation),
        "stream": STREAM, "sequence": 7, "update_id": 50, "ring_position": "0", "ts_event": None,
        "px_exponent": -2, "qty_exponent": -5, "bids": [["100.00", "0.00005"]],
        "asks": [["100.01", "0.00005"]], "bid_complete": "99.90", "ask_complete": None,
    } | more  # fmt: skip
    return {"result": {"books": {SYMBOL: found}, "refused": {}, "code": 0}}


@pytest.fixture(params=["ring", "zmq"])
def follower(
    request: pytest.FixtureRequest, carried: Shard, gateway_class: type[Gateway]
) -> Iterator[BookFollower]:
    found = gateway_class(carried.run_dir).follow_book(SYMBOL, source=request.param)
    yield found
    found.close()


def until_said(follower: BookFollower, text: str) -> None:
    wait_for(lambda: follower.book() and text in follower.problem, f"the problem {text!r}")
    assert follower.state is Status.SYNCING


def test_what_is_no_snapshot_is_named_and_asked_for_again(
    carried: Shard, supervisor: Supervisor, follower: BookFollower
) -> None:
    supervisor.answer = {"error": {"code": 69, "message": "too many requests"}}
    until_said(follower, "too many requests")
    supervisor.answer = {"result": {"books": {}, "refused": {SYMBOL: "no such book"}, "code": 67}}
    until_said(follower, "no such book")
    supervisor.answer = b"rubbish"
    until_said(follower, "is no answer")
    supervisor.answer = book(carried, epoch="17")
    until_said(follower, "is of another writer")
    supervisor.answer = book(carried, bids=[["100.001", "1"]])
    until_said(follower, "finer than 1e-2")
    supervisor.answer = book(carried, state="SYNCING")
    until_said(follower, "the gateway's book is SYNCING")
    assert follower.resyncs == 0
    supervisor.answer = book(carried)
    wait_for(lambda: follower.state is Status.LIVE, "going LIVE")
    found = follower.book()
    assert (found.bids, found.bid_complete_px, found.ask_complete_px) == (
        [(100.0, 0.00005)],
        99.9,
        None,
    )
    assert (follower.problem, follower.resyncs, follower.loss) == ("", 0, None)


def test_without_a_supervisor_it_waits_for_one(carried: Shard, follower: BookFollower) -> None:
    until_said(follower, "nobody listens at")
    late = Supervisor(carried.run_dir / "control.sock")
    late.answer = book(carried)
    wait_for(lambda: follower.state is Status.LIVE, "going LIVE")
    late.close()
    assert follower.state is Status.LIVE, "a book that has begun needs no supervisor"
    show(carried, 9_990, Status.DOWN)
    assert follower.state is Status.DOWN
    carried.store("heartbeat_mono", 1)
    assert follower.state is Status.DEAD


def test_more_levels_are_taken_over_without_a_break(carried: Shard, supervisor: Supervisor) -> None:
    """The gateway looks deeper some time after the start, and ZeroMQ does not tell."""
    supervisor.answer = book(carried)
    follower = Gateway(carried.run_dir).follow_book(SYMBOL, source="zmq")
    wait_for(lambda: follower.state is Status.LIVE, "going LIVE")
    assert follower.wait(0.0)
    assert not follower.wait(0.0), "nothing has changed since"
    deeper = [["100.00", "0.00005"], ["99.00", "0.00001"]]
    supervisor.answer = book(carried, bids=deeper, bid_complete=None)
    show(carried, NULL)
    states = set()

    def is_deeper() -> bool:
        found = follower.book()
        states.add(found.state)
        return found.bids == [(100.0, 0.00005), (99.0, 0.00001)]

    wait_for(is_deeper, "the deeper book")
    assert states == {Status.LIVE}
    assert follower.resyncs == 0
    follower.close()
