"""Stopped and gapped shards: what readers are shown in the meantime, judged by the true book.

Killed ones are in test_kills.py and test_supervisor_kills.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_client import Status
from tests.integration.running import Service, Simulator, go_on, stop
from tests.integration.truth import BookTruth
from tests.waiting import wait_for

SYMBOLS = ("spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "coinm:BTCUSD_PERP")
CHECKS = 40  # books compared with the truth


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
    books = BookTruth(simulator, service.gateway, SYMBOLS)
    books.read_for(0.3)
    books.check(CHECKS)
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
    books = BookTruth(simulator, service.gateway, SYMBOLS)
    books.read_for(0.3)
    books.check(CHECKS)


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
    books = BookTruth(simulator, service.gateway, SYMBOLS)
    books.read_for(0.3)
    books.check(CHECKS)
