"""Connections are replaced, and die, while a reader checks every id.

    simulator ──two links──► gateway ──shared memory──► Watcher

The simulator enforces the venue's rules and counts what broke them; here that must be nothing.
"""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway_client.records import EventKind
from tests.integration.checking import Watcher
from tests.integration.running import Service, Simulator
from tests.waiting import wait_for

SYMBOLS = ("spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "coinm:BTCUSD_PERP")
SUFFIXES = ("bookTicker", "depth@100ms", "aggTrade", "ticker", "kline_1m", "trade")
WHOLE_MARKET = ("usdm:!markPrice@arr@1s", "spot:!miniTicker@arr")
STREAMS = [
    f"{market}:{symbol.lower()}@{suffix}"
    for market, _, symbol in (name.partition(":") for name in SYMBOLS)
    for suffix in SUFFIXES
    if market == "spot" or suffix != "trade"
]
STREAMS.extend(WHOLE_MARKET)
LONG = [pytest.mark.chaos, pytest.mark.timeout(3600)]
JOINED_FRAMES = 200  # of a connection, and every stream on it has come at least once
RATE = "5"  # 100 actions a second and instrument


def config(path: Path, text: str) -> list[str]:
    """Write a configuration; the options that name it."""
    path.write_text(text)
    return ["--config", str(path)]


def rotations(service: Service) -> int:
    return service.gateway.counters()["rotations"]


def rotated(service: Service, count: int) -> bool:
    return rotations(service) >= count


def violations(simulator: Simulator) -> Any:
    status = simulator.get("/sim/status")
    return {kind: count for kind, count in status["violations_by_kind"].items() if count}


def is_undisturbed(watcher: Watcher) -> None:
    """Nothing missing, nothing twice, and nothing that left LIVE."""
    assert watcher.checker.problems[:5] == []
    assert dict(watcher.checker.not_live) == {}
    assert watcher.checker.seen[EventKind.DIFF] > 20
    assert watcher.checker.seen[EventKind.AGG_TRADE] > 20
    assert watcher.checker.seen[EventKind.KLINE] > 2


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=LONG)], ids=["10", "100"])
def test_rotations_on_notice_leave_no_gap_and_no_duplicate(run_dir: Path, count: int) -> None:
    """The venue announces that it shuts down (serverShutdown), again and again, under load."""
    with (
        Simulator("--symbols", ",".join(SYMBOLS), "--rate", RATE) as simulator,
        Service(run_dir / "gw", simulator, STREAMS) as service,
    ):
        service.wait_live(SYMBOLS)
        connections = len(simulator.get("/sim/status")["connections"])
        with Watcher(service.run_dir) as watcher:
            while (done := rotations(service)) < count:
                simulator.post("/sim/shutdown")
                wait_for(partial(rotated, service, done + connections), "the rotations", 120)
        is_undisturbed(watcher)
        assert rotations(service) >= count
        assert service.gateway.counters()["gaps"] == 0
        assert violations(simulator) == {}


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=LONG)], ids=["10", "100"])
def test_rotations_by_age_come_before_the_venues_own_cut(run_dir: Path, count: int) -> None:
    """A day of 20 s at the venue; connections are replaced after about 10 s, each in its turn."""
    options = config(run_dir / "gw.toml", f"[connections]\nrotate_hours = {10 / 3600}\n")
    with (
        Simulator("--symbols", ",".join(SYMBOLS), "--rate", RATE, "--day", "20") as simulator,
        Service(run_dir / "gw", simulator, STREAMS, options) as service,
    ):
        service.wait_live(SYMBOLS)
        with Watcher(service.run_dir) as watcher:
            wait_for(lambda: rotations(service) >= count, "the rotations", 30 + 6 * count)
        is_undisturbed(watcher)
        assert service.gateway.counters()["gaps"] == 0
        assert violations(simulator) == {}


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=LONG)], ids=["4", "100"])
def test_killing_one_of_two_redundant_connections_loses_nothing(run_dir: Path, kills: int) -> None:
    """At any moment: whichever of a pair is up beside its twin is cut without a word."""
    options = config(run_dir / "gw.toml", "[connections]\nredundancy = 2\n")
    chooser = random.Random(int(os.environ.get("GATEWAY_SEED", "7")))
    streams = [stream for stream in STREAMS if stream.startswith(("spot:btc", "usdm:btc"))]
    symbols = ("spot:BTCUSDT", "usdm:BTCUSDT")
    with (
        Simulator("--symbols", ",".join(symbols), "--rate", RATE) as simulator,
        Service(run_dir / "gw", simulator, streams, options) as service,
    ):
        service.wait_live(symbols)

        def pairs() -> list[list[int]] | None:
            """Connections by what they carry, when each stands beside its twin."""
            twins: dict[tuple[str, str], list[int]] = {}
            for one in simulator.get("/sim/status")["connections"]:
                if one["sent"] >= JOINED_FRAMES:
                    twins.setdefault((one["market"], one["route"]), []).append(one["id"])
            whole = len(twins) == 3 and all(len(twin) == 2 for twin in twins.values())
            return list(twins.values()) if whole else None

        wait_for(pairs, "both connections of every pair", 60)
        with Watcher(service.run_dir) as watcher:
            for _ in range(kills):
                twin = chooser.choice(wait_for(pairs, "the pairs to be whole again", 60))
                simulator.post("/sim/kill", connection=chooser.choice(twin))
        is_undisturbed(watcher)
        counters = service.gateway.counters()
        assert counters["gaps"] == 0
        assert counters["frames_duplicate"] > 100
        assert violations(simulator) == {}
