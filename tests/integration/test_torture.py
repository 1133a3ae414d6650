"""Killed, stopped and gapped shards: what readers are shown in the meantime.

The checker knows the true book at each update id from the simulator, and judges what readers got.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_client import Gateway, Status
from tests.integration.running import Service, Simulator, go_on, stop
from tests.waiting import wait_for

SYMBOLS = ("spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "coinm:BTCUSD_PERP")
LEVELS = 10
CHECKS_A_KILL = 40  # books compared with the truth, a kill
LIVE_BEFORE_KILL_S = 5.2  # after 5 s LIVE the next restart is immediate again


def streams_of(symbol: str) -> list[str]:
    market, _, name = symbol.partition(":")
    return [f"{market}:{name.lower()}@{kind}" for kind in ("depth@100ms", "bookTicker")]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator("--symbols", ",".join(SYMBOLS), "--seed", "7", "--rate", "5") as running:
        yield running


@pytest.fixture
def service(run_dir: Path, simulator: Simulator) -> Iterator[Service]:
    streams = [stream for symbol in SYMBOLS for stream in streams_of(symbol)]
    with Service(run_dir / "gw", simulator, streams) as running:
        running.wait_live(SYMBOLS)
        yield running


class Checker:
    """Collects what was shown as LIVE and compares it with the true book at the same update id."""

    def __init__(self, simulator: Simulator, gateway: Gateway) -> None:
        self._simulator = simulator
        self._gateway = gateway
        self.reads = 0
        self.live = 0
        self.checked = 0
        self.states: set[Status] = set()
        self._seen: dict[tuple[str, int], tuple[list[Any], list[Any]]] = {}

    def read(self) -> None:
        """Read all books once; two reads of one update id must agree."""
        for symbol in SYMBOLS:
            book = self._gateway.book(symbol, levels=LEVELS)
            self.reads += 1
            self.states.add(book.state)
            if book.state is not Status.LIVE:
                continue
            self.live += 1
            key, shown = (symbol, book.update_id), (book.bids, book.asks)
            assert self._seen.setdefault(key, shown) == shown, f"{key} was shown in two forms"

    def read_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read()

    def check(self, count: int) -> None:
        """Compare the ``count`` newest books with the truth, and forget the rest."""
        for (symbol, update_id), (bids, asks) in list(self._seen.items())[-count:]:
            market, _, name = symbol.partition(":")
            truth = self._simulator.get("/sim/book", market=market, symbol=name, id=update_id)
            assert truth is not None, f"{symbol} {update_id}: no such update id ever was"
            for side, shown in (("bids", bids), ("asks", asks)):
                true = [(float(px), float(qty)) for px, qty in truth[side][: len(shown)]]
                assert shown == true, f"{symbol} {update_id} {side}"
            self.checked += 1
        self._seen.clear()


def kill_and_recover(service: Service, checker: Checker) -> float:
    """kill -9 the shard under the readers; seconds until every book is LIVE in the new epoch."""
    old, epoch = service.shard_pid(), service.gateway.quote(SYMBOLS[0]).epoch
    checker.read_for(LIVE_BEFORE_KILL_S)
    os.kill(old, signal.SIGKILL)
    killed = time.monotonic()

    def recovered() -> bool:
        checker.read()
        books = [service.gateway.book(symbol, levels=1) for symbol in SYMBOLS]
        return all(book.state is Status.LIVE and book.epoch > epoch for book in books)

    wait_for(recovered, "recovery from a kill")
    seconds = time.monotonic() - killed
    checker.read_for(0.1)
    checker.check(CHECKS_A_KILL)
    return seconds


def kill_campaign(service: Service, simulator: Simulator, kills: int) -> str:
    checker = Checker(simulator, service.gateway)
    times = sorted(kill_and_recover(service, checker) for _ in range(kills))
    # DEAD where the restart outlasted the heartbeat's timeout, else SYNCING in the new segment.
    assert checker.states - {Status.LIVE}
    assert checker.checked >= kills
    return (
        f"{kills} kills: {checker.reads} reads, {checker.live} LIVE, {checker.checked} compared "
        f"with the truth, 0 torn, 0 wrong; all LIVE again after {times[len(times) // 2]:.2f} s "
        f"(median), {times[-1]:.2f} s (longest)"
    )


def test_ten_killed_shards_show_no_reader_a_wrong_book(
    service: Service, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    line = kill_campaign(service, simulator, 10)
    with capsys.disabled():
        print(f"\n{line}")


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_a_hundred_killed_shards_show_no_reader_a_wrong_book(
    service: Service, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    line = kill_campaign(service, simulator, 100)
    with capsys.disabled():
        print(f"\n{line}")


def test_a_stopped_shard_is_dead_and_its_backlog_is_not_shown_as_live(
    service: Service, simulator: Simulator
) -> None:
    symbol, pid = SYMBOLS[0], service.shard_pid()
    events = service.gateway.events(symbol, timeout=30)
    stalls = service.gateway.counters()["stalls"]
    stop(pid)
    try:
        wait_for(
            lambda: service.gateway.quote(symbol).state is Status.DEAD, "a stopped shard's death"
        )
        time.sleep(1.0)  # the backlog of this second must not pass as the present
    finally:
        go_on(pid)
    service.wait_live(SYMBOLS)
    seen = [event for event in iter_until_live(events, symbol)]
    stalled = [
        event for event in seen if event.kind.name == "STATE" and event.reason.name == "STALLED"
    ]
    assert stalled, "the stall was not noticed before the backlog was read"
    checker = Checker(simulator, service.gateway)
    checker.read_for(0.3)
    checker.check(CHECKS_A_KILL)
    assert service.gateway.counters()["stalls"] == stalls + 1


def iter_until_live(events: Any, symbol: str) -> Iterator[Any]:
    """Events up to the first STATE that says LIVE again, after one that said STALE."""
    stale = False
    for event in events:
        yield event
        if event.kind.name == "STATE":
            stale |= event.state is Status.STALE
            if stale and event.state is Status.LIVE:
                return


def test_a_lost_frame_gaps_its_own_book_alone_and_a_snapshot_brings_it_back(
    service: Service, simulator: Simulator
) -> None:
    gapped, others = SYMBOLS[1], [symbol for symbol in SYMBOLS if symbol != SYMBOLS[1]]
    events = service.gateway.events(timeout=30)
    simulator.post("/sim/drop", stream=streams_of(gapped)[0], count=1)
    changes: dict[str, list[str]] = {symbol: [] for symbol in SYMBOLS}
    applied_between = []
    for event in events:
        if event.kind.name == "STATE" and event.subject.name == "BOOK":
            changes[event.symbol].append(event.state.name)
        elif (
            changes[gapped][-1:] == ["GAPPED"]
            and event.symbol == gapped
            and event.kind.name == "DIFF"
        ):
            applied_between.append(event)
        if changes[gapped][-1:] == ["LIVE"]:
            break
    assert changes[gapped] == ["GAPPED", "LIVE"]
    assert all(changes[symbol] == [] for symbol in others)
    counters = service.gateway.counters()
    assert (counters["gaps"], counters["snapshots_applied"]) == (1, len(SYMBOLS) + 1)
    checker = Checker(simulator, service.gateway)
    checker.read_for(0.3)
    checker.check(CHECKS_A_KILL)


def test_lost_connections_take_their_slots_down_and_come_back(
    service: Service, simulator: Simulator
) -> None:
    events = service.gateway.events(SYMBOLS[0], timeout=30)
    simulator.post("/sim/disconnect", code=1001)
    states = []
    for event in events:
        if event.kind.name == "STATE" and event.subject.name == "BOOK":
            states.append(event.state.name)
            if event.state is Status.LIVE:
                break
    assert states[0] == "DOWN"
    assert states[-1] == "LIVE"
    service.wait_live(SYMBOLS)
    checker = Checker(simulator, service.gateway)
    checker.read_for(0.3)
    checker.check(CHECKS_A_KILL)
