"""kill -9 of a random shard of five, under load: what readers and consumers notice of it.

Readers of books are judged by the simulator's truth. Consumers of the ring and of ZeroMQ count ids
of trades: afterwards none is missing in the ring, and over ZeroMQ only what the dead process had
stored and not sent yet. The other shards' streams go on as if nothing had been.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from gateway_client import Status
from tests.integration.consumers import RingConsumer, ZmqConsumer
from tests.integration.killing import CHECKS_A_KILL, LIVE_P99_MAX_S, p99, run, seen_of
from tests.integration.ledger import Ledger
from tests.integration.running import Service, Simulator
from tests.integration.truth import BookTruth
from tests.trust.summary import percentiles
from tests.waiting import is_gone, wait_for

SYMBOLS = (
    "spot:BTCUSDT", "spot:ETHUSDT", "spot:SOLUSDT",
    "usdm:BTCUSDT", "usdm:ETHUSDT", "coinm:BTCUSD_PERP",
)  # fmt: skip
SUFFIXES = {
    "spot": ("depth@100ms", "bookTicker", "trade", "aggTrade"),
    "usdm": ("depth@100ms", "bookTicker", "aggTrade"),
    "coinm": ("depth@100ms", "bookTicker", "aggTrade"),
}
DENSE = ("@trade", "@aggTrade")
SHARDS = 5
LIVE_BEFORE_KILL_S = 5.2  # after 5 s LIVE the next restart is immediate again
LONG_PACE_S = 3.0  # a start makes up to 3 connections, 2 on average, of 250 in 5 minutes
CONSUMERS = ("ring", "ZeroMQ")


class Shard(NamedTuple):
    """One line of the manifest."""

    number: int
    pid: int
    generation: int
    symbols: list[str]
    streams: list[str]


class Campaign:
    """Kills shards one after the other, and judges after each."""

    def __init__(self, simulator: Simulator, service: Service, seed: int) -> None:
        self.service = service
        self.books = BookTruth(simulator, service.gateway, SYMBOLS)
        self.recoveries_s: list[float] = []
        self._dice = random.Random(seed)
        self._well_since: defaultdict[int, float] = defaultdict(float)  # the first is immediate
        self._stack = ExitStack()
        self.ledgers: list[Ledger] = []

    def __enter__(self) -> Self:
        ring = RingConsumer(self.service.run_dir)
        zmq = ZmqConsumer(self.service.run_dir, tuple(SUFFIXES))
        self.ledgers = [self._stack.enter_context(consumer).ledger for consumer in (ring, zmq)]
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def shards(self) -> list[Shard]:
        manifest = json.loads((self.service.run_dir / "manifest.json").read_text())
        names = ("id", "pid", "generation", "symbols", "streams")
        return [Shard(*(shard[name] for name in names)) for shard in manifest["shards"]]

    def kill(self) -> None:
        """kill -9 one that is well, under the readers; judge what they saw of it."""
        victim = self._victim()
        others = [symbol for symbol in SYMBOLS if symbol not in victim.symbols]
        epochs = {symbol: self.service.gateway.quote(symbol).epoch for symbol in SYMBOLS}
        self._forget()
        os.kill(victim.pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_for(lambda: is_gone(victim.pid), "the shard's end")
        self.books.gone(victim.generation)
        wait_for(lambda: self._is_back(victim, epochs), "recovery from a kill")
        self.recoveries_s.append(time.monotonic() - killed)
        self._well_since[victim.number] = time.monotonic()
        self.books.read_for(0.1)
        self._wait_whole(victim)
        assert self.books.not_live.keys().isdisjoint(others), self.books.not_live
        assert all(self.books.epochs[symbol] == {epochs[symbol]} for symbol in others)
        for name, ledger in zip(CONSUMERS, self.ledgers, strict=True):
            touched = {*victim.streams, *victim.symbols}
            foreign = [found for found in ledger.interrupted if found[0] not in touched]
            assert foreign == [], f"{name}, after the kill of {victim.symbols}"
        self.books.check(CHECKS_A_KILL)

    def _victim(self) -> Shard:
        """A random shard of those that have been LIVE long enough; read until there is one."""
        while True:
            settled = time.monotonic() - LIVE_BEFORE_KILL_S
            well = [s for s in self.shards() if self._well_since[s.number] < settled]
            if well:
                return self._dice.choice(well)
            self.books.read_for(0.1)

    def _forget(self) -> None:
        self.books.not_live.clear()
        self.books.epochs.clear()
        for ledger in self.ledgers:
            ledger.interrupted.clear()

    def _is_back(self, victim: Shard, epochs: dict[str, int]) -> bool:
        self.books.read()
        gateway = self.service.gateway
        values = [
            value
            for symbol in victim.symbols
            for value in (gateway.book(symbol, levels=1), gateway.quote(symbol))
        ]
        return all(v.state is Status.LIVE and v.epoch > epochs[v.symbol] for v in values)

    def _wait_whole(self, victim: Shard) -> None:
        """Until both consumers have a trade of the new process, and all that were before it."""
        dense = [stream for stream in victim.streams if stream.endswith(DENSE)]
        for name, ledger in zip(CONSUMERS, self.ledgers, strict=True):
            for stream in dense:

                def is_whole(of: Ledger = ledger, stream: str = stream) -> bool:
                    told = of.epoch(stream) > victim.generation
                    return told and of.missing(stream) == len(self._died_with(of, stream))

                try:
                    wait_for(is_whole, f"{stream} over {name}", 20.0)
                except AssertionError as exc:
                    raise AssertionError(f"{exc}: holes {ledger.holes(stream)}") from exc

    def _died_with(self, ledger: Ledger, stream: str) -> list[int]:
        """Ids that a process had stored for all to read when it was killed, and not sent yet.

        They are in the ring, told there by the process that told the one before them here too.
        """
        ring = self.ledgers[0]
        if ledger is ring or not ledger.missing(stream):
            return []
        return [
            at
            for before, behind in ledger.holes(stream)
            for at in range(before + 1, behind)
            if ring.told_by(stream, at) == ledger.told_by(stream, before)
            and ring.told_by(stream, at) != ledger.told_by(stream, behind)
        ]

    def log(self) -> str:
        """What the gateway said of late."""
        return self.service.log.read_text()[-8000:]

    def report(self) -> str:
        ring, zmq = self.ledgers
        again = [sum(of.again(stream) for stream in of.streams) for of in self.ledgers]
        unsent = sum(len(self._died_with(zmq, stream)) for stream in zmq.streams)
        return (
            f"kills of one shard of {SHARDS}: {seen_of(self.books)}, others uninterrupted; "
            f"{ring.trades} trades in the ring and {zmq.trades} over ZeroMQ; missing: 0 and "
            f"{unsent}, which were stored and not sent yet; twice: {again[0]} and {again[1]}; "
            f"all LIVE again {percentiles(self.recoveries_s)}"
        )


@pytest.fixture
def campaign(run_dir: Path) -> Iterator[Campaign]:
    config = run_dir / "gw.toml"
    config.write_text(f"shards = {SHARDS}\n")
    streams = [
        f"{market}:{name.lower()}@{suffix}"
        for market, _, name in (symbol.partition(":") for symbol in SYMBOLS)
        for suffix in SUFFIXES[market]
    ]
    with (
        Simulator("--symbols", ",".join(SYMBOLS), "--seed", "7", "--rate", "5") as simulator,
        Service(run_dir / "gw", simulator, streams, ["--config", str(config)]) as service,
    ):
        service.wait_live(SYMBOLS)
        with Campaign(simulator, service, 7) as made:
            assert [len(shard.symbols) for shard in made.shards()].count(0) == 0
            yield made


@pytest.mark.timeout(240)
def test_ten_killed_shards_mislead_no_reader_and_lose_no_trade(
    campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    run(campaign, 10, capsys)
    assert campaign.books.states - {Status.LIVE}


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_a_hundred_killed_shards_mislead_no_reader_and_lose_no_trade(
    campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    run(campaign, 100, capsys, LONG_PACE_S)
    assert campaign.books.states - {Status.LIVE}
    assert p99(campaign.recoveries_s) <= LIVE_P99_MAX_S
