"""``gw.follow_book()`` on a running gateway: what is LIVE is the venue's true book, all of it.

A simulated venue knows its book at every update id. Books are broken on purpose meanwhile: diffs
are lost, connections cut, the shard killed, the stream given up and taken again; one follower is so
slow that the ring overtakes it.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest

from gateway_client import Gateway, Status, UnknownStream, UnknownSymbol
from gateway_client.follow import BookFollower, FollowedBook, Source
from gateway_client.following import Loss
from tests.clients.support import PlainGateway
from tests.integration.running import Service, Simulator
from tests.waiting import wait_for

SYMBOLS = ("spot:BTCUSDT", "usdm:BTCUSDT")
STREAMS = tuple(f"{symbol.lower()}@depth@100ms" for symbol in SYMBOLS)
CONFIG = "[memory]\nevents_ring_bytes = 262144\n"  # a book's SNAPSHOT comes in parts
COMPARED = 250
README = Path(__file__).resolve().parents[2] / "clients" / "python" / "README.md"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator("--symbols", ",".join(SYMBOLS), "--seed", "11", "--rate", "10") as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Service]:
    run_dir = Path(f"/dev/shm/gw-follow-{os.getpid()}")
    run_dir.mkdir(exist_ok=True)
    config = tmp_path_factory.mktemp("follow") / "gateway.toml"
    config.write_text(CONFIG)
    more = [f"{symbol.lower()}@{kind}" for symbol in SYMBOLS for kind in ("trade", "bookTicker")]
    options = ("--config", str(config))
    with Service(run_dir / "gw", simulator, [*STREAMS, *more], options) as running:
        running.wait_live(SYMBOLS)
        yield running
    run_dir.rmdir()


@dataclass
class Witness:
    """Reads followers and keeps what they showed as LIVE, by symbol and update id."""

    simulator: Simulator
    shown: dict[tuple[str, int, str], FollowedBook] = field(default_factory=dict)
    states: set[Status] = field(default_factory=set)

    def read(self, follower: BookFollower, source: str) -> FollowedBook:
        book = follower.book()
        self.states.add(book.state)
        if book.is_live:
            self.shown[book.symbol, book.update_id, source] = book
        return book

    def check(self, count: int = COMPARED) -> None:
        """Compare so many with the truth at their update ids: every level, and no other."""
        chosen = random.Random(1).sample(sorted(self.shown), min(count, len(self.shown)))
        truths: dict[tuple[str, int], Any] = {}
        for symbol, update_id, source in chosen:
            market, _, name = symbol.partition(":")
            truth = truths.get((symbol, update_id)) or self.simulator.get(
                "/sim/book", market=market, symbol=name, id=update_id
            )
            assert truth is not None, f"{symbol} {update_id}: no such update id ever was"
            truths[symbol, update_id] = truth
            self._compare(self.shown[symbol, update_id, source], truth, source)

    def _compare(self, book: FollowedBook, truth: Any, source: str) -> None:
        of, name = book.instrument, f"{book.symbol} {book.update_id} over {source}"
        for side, sign, levels, end in (
            ("bids", 1, book.bids_mantissa, book.bid_complete_px_mantissa),
            ("asks", -1, book.asks_mantissa, book.ask_complete_px_mantissa),
        ):
            true = [
                (_mantissa(px, of.px_exponent), _mantissa(qty, of.qty_exponent))
                for px, qty in truth[side]
            ]
            known = [level for level in true if end is None or sign * level[0] >= sign * end]
            assert list(zip(levels[::2], levels[1::2], strict=True)) == known, f"{name} {side}"
            assert len(known) > 10


def _mantissa(text: str, exponent: int) -> int:
    return int(Decimal(text).scaleb(-exponent))


def follow_all(service: Service) -> dict[str, BookFollower]:
    """Every symbol by every source, with and without the accelerator."""
    found = {}
    for symbol in SYMBOLS:
        found[f"{symbol} ring"] = service.gateway.follow_book(symbol)
        found[f"{symbol} zmq"] = service.gateway.follow_book(symbol, source="zmq")
        found[f"{symbol} plain"] = PlainGateway(service.run_dir).follow_book(symbol)
    return found


def until_it_is(state: Status, follower: BookFollower, source: str) -> None:
    wait_for(lambda: follower.state is state, f"{source} being {state.name}")


def until_live(followers: dict[str, BookFollower]) -> None:
    for source, follower in followers.items():
        until_it_is(Status.LIVE, follower, source)


def test_what_is_live_is_the_true_book_while_books_break(
    service: Service, simulator: Simulator
) -> None:
    followers = follow_all(service)
    slow = service.gateway.follow_book(SYMBOLS[0])
    witness = Witness(simulator)
    until_live(followers | {"slow": slow})
    for turn in range(10):
        simulator.post("/sim/drop", stream=STREAMS[turn % 2], count=1)
        if turn == 5:
            simulator.post("/sim/kill", market="spot")
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            for source, follower in followers.items():
                witness.read(follower, source)
            time.sleep(0.005)
    until_live(followers)
    for source, follower in followers.items():
        witness.read(follower, source)
    wait_for(lambda: witness.read(slow, "slow").is_live, "the slow follower going LIVE")
    assert Status.GAPPED in witness.states
    assert slow.loss is Loss.LAPPED
    assert slow.resyncs >= 1
    assert slow.lost > 10
    assert all(f.resyncs >= 1 for source, f in followers.items() if source.endswith("zmq"))
    assert all(f.lost == 0 for f in followers.values())
    witness.check()
    for follower in (*followers.values(), slow):
        follower.close()


def test_killed_shard_is_dead_and_then_the_new_one_is_followed(
    service: Service, simulator: Simulator
) -> None:
    followers, witness = follow_all(service), Witness(simulator)
    until_live(followers)
    epochs = {source: follower.book(1).epoch for source, follower in followers.items()}
    pid = service.shard_pid()
    os.kill(pid, signal.SIGSTOP)
    for source, follower in followers.items():
        until_it_is(Status.DEAD, follower, source)
    os.kill(pid, signal.SIGKILL)
    for source, follower in followers.items():
        until_it_is(Status.LIVE, follower, source)
        assert witness.read(follower, source).epoch > epochs[source]
        assert follower.loss in (Loss.RESTARTED, Loss.MOVED)
    witness.check()
    for follower in followers.values():
        follower.close()


def test_stream_that_is_given_up_is_retired_and_taken_up_again_at_another_speed(
    service: Service, simulator: Simulator
) -> None:
    followers = {s: f for s, f in follow_all(service).items() if s.startswith("usdm")}
    witness = Witness(simulator)
    until_live(followers)
    service.gateway.request("unsubscribe", [STREAMS[1]])
    for source, follower in followers.items():
        until_it_is(Status.RETIRED, follower, source)
    service.gateway.request("subscribe", ["usdm:btcusdt@depth@500ms"])
    until_live(followers)
    for _ in range(30):
        for source, follower in followers.items():
            witness.read(follower, source)
        time.sleep(0.05)
    witness.check()
    service.gateway.request("unsubscribe", ["usdm:btcusdt@depth@500ms"])
    service.gateway.request("subscribe", [STREAMS[1]])
    until_live(followers)
    for follower in followers.values():
        follower.close()


@pytest.mark.parametrize("source", ["ring", "zmq"])
def test_iteration_gives_each_change_once_and_ends(service: Service, source: Source) -> None:
    follower = service.gateway.follow_book(SYMBOLS[0], source=source, levels=3, timeout=5)
    books = [next(follower) for _ in range(12)]
    live = [book for book in books if book.is_live]
    assert live
    ids = [book.update_id for book in live]
    assert ids == sorted(set(ids)), "a book came twice"
    assert all(len(book.bids) == len(book.asks) == 3 for book in live)
    best = live[-1]
    assert best.bids[0][0] < best.asks[0][0]
    assert best.bids == sorted(best.bids, reverse=True)
    assert 0 <= (best.age_ns or 0) < 60_000_000_000
    assert best.bid_complete_px is None or best.bid_complete_px < best.bids[0][0]
    assert repr(best).startswith(f"<FollowedBook {SYMBOLS[0]} LIVE {best.bids[0][0]} x ")
    follower.close()


class Limited:
    """``gw`` for an example whose loop would go on for ever: it ends after some turns."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.asked: list[Any] = []

    def request(self, *arguments: Any, **more: Any) -> Any:
        self.asked.append(self.gateway.request(*arguments, **more))
        return self.asked[-1]

    def subscribe(self, topic: str) -> Iterator[Any]:
        return islice(self.gateway.subscribe(topic, timeout=20), 15)

    def follow_book(self, symbol: str) -> Iterator[Any]:
        return islice(self.gateway.follow_book(symbol, timeout=20), 5)


def example(heading: str) -> str:
    """The first block of Python below a heading of the client's README."""
    _, _, section = README.read_text(encoding="utf-8").partition(f"### {heading}\n")
    return section.partition("```python\n")[2].partition("```")[0]


def test_snapshot_and_subscription_are_joined_as_the_readme_does(service: Service) -> None:
    gw = Limited(service.gateway)
    names: dict[str, Any] = {"gw": gw}
    exec(example("Joining late, by hand"), names)
    (answer,) = gw.asked
    book = answer["books"][SYMBOLS[0]]
    assert (book["state"], book["stream"]) == ("LIVE", STREAMS[0])
    assert names["last"] > book["sequence"], "no message joined"
    assert names["message"].sequence == names["last"], "a message was lost"
    assert names["event"]["u"] > book["update_id"]


def test_example_of_a_followed_book_runs(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(example("A whole book, kept up to date"), {"gw": Limited(service.gateway)})
    assert "[(" in capsys.readouterr().out


def test_what_has_no_book_is_refused_by_name(service: Service) -> None:
    with pytest.raises(UnknownSymbol, match="spot:NOPE"):
        service.gateway.follow_book("spot:NOPE")
    with pytest.raises(ValueError, match="must be one of ring, zmq"):
        service.gateway.follow_book(SYMBOLS[0], source=cast(Any, "udp"))
    service.gateway.request("subscribe", ["spot:ethusdt@trade"])
    service.gateway.request("unsubscribe", ["spot:ethusdt@trade"])


def test_shard_without_depth_stream_has_no_book_to_follow(shard: Any) -> None:
    with pytest.raises(UnknownStream, match="spot:btcusdt@depth"):
        Gateway(shard.run_dir).follow_book("spot:BTCUSDT")
