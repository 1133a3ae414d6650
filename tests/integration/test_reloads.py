"""Reloads under load: streams that no reload touches see none of it, in the ring or over ZeroMQ."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from gateway_client import Status, UnknownSymbol
from tests.integration.checking import Watcher
from tests.integration.consumers import RingConsumer, ZmqConsumer
from tests.integration.ledger import Ledger
from tests.integration.running import Service, Simulator
from tests.waiting import wait_for

KEPT = ("spot:BTCUSDT", "usdm:BTCUSDT")
COMING_AND_GOING = ("spot:ETHUSDT", "spot:SOLUSDT", "usdm:ETHUSDT", "usdm:SOLUSDT")
SUFFIXES = {
    "spot": ("depth@100ms", "bookTicker", "trade", "aggTrade"),
    "usdm": ("depth@100ms", "bookTicker", "aggTrade"),
}


def streams_of(symbols: tuple[str, ...]) -> list[str]:
    return [
        f"{market}:{name.lower()}@{suffix}"
        for market, _, name in (symbol.partition(":") for symbol in symbols)
        for suffix in SUFFIXES[market]
    ]


def wanted(number: int) -> tuple[str, ...]:
    """What comes and goes: two of four, others each time."""
    return tuple(COMING_AND_GOING[(number + at) % 4] for at in range(2))


def write(config: Path, symbols: tuple[str, ...]) -> None:
    streams = streams_of((*KEPT, *symbols))
    config.write_text(f"shards = 2\nsubscribe = {json.dumps(streams)}\n")


def is_carried(service: Service, symbol: str) -> bool | None:
    """Whether a book is LIVE; None: it is on its way."""
    try:
        state = service.gateway.book(symbol, levels=1).state
    except UnknownSymbol:
        return False
    return {Status.LIVE: True, Status.RETIRED: False}.get(state)


def reload(service: Service, config: Path, symbols: tuple[str, ...]) -> None:
    """Change the file, SIGHUP, and wait until readers see the difference."""
    write(config, symbols)
    service.process.send_signal(signal.SIGHUP)

    def is_done() -> bool:
        return all(is_carried(service, s) is (s in symbols) for s in COMING_AND_GOING)

    wait_for(is_done, f"the reload to {symbols}")


def judge(ledger: Ledger, name: str) -> int:
    """No gap and no duplicate in what no reload touched; the number of its trades."""
    kept = set(streams_of(KEPT))
    touched = {*COMING_AND_GOING, *streams_of(COMING_AND_GOING)}
    assert [found for found in ledger.interrupted if found[0] not in touched] == [], name
    dense = kept.intersection(ledger.streams)
    assert dense == {stream for stream in kept if stream.endswith(("@trade", "@aggTrade"))}, name
    assert {stream: ledger.missing(stream) for stream in dense} == dict.fromkeys(dense, 0), name
    assert {stream: ledger.again(stream) for stream in dense} == dict.fromkeys(dense, 0), name
    return sum(ledger.count(stream) for stream in dense)


def campaign(run_dir: Path, reloads: int) -> str:
    config = run_dir / "gw.toml"
    write(config, wanted(0))
    symbols = ",".join((*KEPT, *COMING_AND_GOING))
    with (
        Simulator("--symbols", symbols, "--seed", "5", "--rate", "10") as simulator,
        Service(run_dir / "gw", simulator, (), ["--config", str(config)]) as service,
    ):
        service.wait_live((*KEPT, *wanted(0)))
        with (
            RingConsumer(service.run_dir) as ring,
            ZmqConsumer(service.run_dir, tuple(SUFFIXES)) as zmq,
            Watcher(service.run_dir) as watcher,
        ):
            for number in range(1, reloads + 1):
                reload(service, config, wanted(number))
        counters = service.gateway.counters()
        assert (counters["gaps"], counters["frames_unreadable"]) == (0, 0)
    mentioned = [text for text in watcher.checker.problems if "btcusdt@" in text]
    assert mentioned == []
    counts = judge(ring.ledger, "ring"), judge(zmq.ledger, "ZeroMQ")
    return (
        f"{reloads} reloads: {ring.ledger.events} events in the ring, {zmq.ledger.events} messages "
        f"over ZeroMQ; untouched streams: {counts[0]} and {counts[1]} trades, 0 gaps, 0 duplicates"
    )


def test_twenty_reloads_touch_no_stream_that_stays(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = campaign(run_dir, 20)
    with capsys.disabled():
        print(f"\n{line}")


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_a_hundred_reloads_touch_no_stream_that_stays(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = campaign(run_dir, 100)
    with capsys.disabled():
        print(f"\n{line}")
