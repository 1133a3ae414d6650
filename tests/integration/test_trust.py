"""Real processes, mixed faults, and the checker that knows the truth.

The short form runs with the suite and only prints how long books took to come back; the long form
also asserts it: a gap in one symbol is LIVE again within a second (p99), with 50 ms REST latency.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import Service, Simulator, wait_for
from tests.integration.trusting import LiveChecker
from tests.trust.summary import percentiles

SYMBOLS = ("spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "coinm:BTCUSD_PERP")
SUFFIXES = {
    "spot": ("depth@100ms", "bookTicker", "trade", "aggTrade", "kline_1m"),
    "usdm": ("depth@100ms", "bookTicker", "aggTrade"),
    "coinm": ("depth@100ms", "bookTicker", "aggTrade"),
}
REST_DELAY_S = 0.05
RECOVERY_P99_MAX_S = 1.0
SHALLOW = "[book]\nsnapshot_levels = 100\n[audit]\ninterval_seconds = 5\n"
WEIGHT_LINES = {"spot": 4800, "futures": 1920}  # a minute: the limits, less the default reserve
RUNS = 20
SETTLE_S = 100.0  # a connection may stay away for a while after what was done to it


def streams() -> list[str]:
    found = []
    for symbol in SYMBOLS:
        market, _, name = symbol.partition(":")
        found += [f"{market}:{name.lower()}@{suffix}" for suffix in SUFFIXES[market]]
    return found


def faults(seed: int, has_episodes: bool) -> dict[str, Any]:
    """Faults of frames; with episodes also of connections and of REST answers."""
    depth = {"streams": "*@depth*", "drop": 0.04, "duplicate": 0.02, "reorder": 0.005}
    others = {"drop": 0.01, "duplicate": 0.02, "reorder": 0.01, "delay": 0.01, "corrupt": 0.003}
    plan: dict[str, Any] = {"seed": seed, "frames": [depth, others]}
    if not has_episodes:
        return plan
    depth |= {"corrupt": 0.005, "delay": 0.01, "delay_seconds": 0.3}
    plan["rest"] = [{"calls": "*", "delay": REST_DELAY_S, "stale": 0.2, "fail": 0.05}]
    plan["episodes"] = [
        {"what": "kill", "target": ("spot", "usdm", "coinm")[seed % 3], "at": 4, "lasts": 1},
        {"what": "silent", "target": "spot:*@bookTicker", "at": 6, "lasts": 5},
    ]
    return plan


def is_shallow(seed: int) -> bool:
    """Half of the runs, with and without episodes: books known in part, audited often."""
    return seed % 4 in (0, 1)


def config_of(run_dir: Path, has_parts: bool) -> list[str]:
    if not has_parts:
        return []
    config = run_dir / "gateway.toml"
    config.write_text(SHALLOW)
    return ["--config", str(config)]


def trouble(run_dir: Path, seed: int, has_episodes: bool, seconds: float) -> LiveChecker:
    """One run from the gateway's start to the checker's verdict."""
    plan = run_dir / "faults.json"
    plan.write_text(json.dumps(faults(seed, has_episodes)))
    arguments = ["--symbols", ",".join(SYMBOLS), "--seed", str(seed), "--faults", str(plan)]
    if not has_episodes:
        arguments += ["--rest-delay", str(REST_DELAY_S)]
    options = config_of(run_dir, has_parts=is_shallow(seed))
    with (
        Simulator(*arguments) as simulator,
        Service(run_dir / f"gw-{seed}", simulator, streams(), options) as service,
    ):
        checker = LiveChecker(simulator, service.gateway, service.run_dir, seed)
        checker.run_for(seconds)
        simulator.post("/sim/faults", on=False)
        checker.run_for(1.0)
        wait_for(checker.is_settled, "everything coming right again", SETTLE_S)
        checker.run_for(0.5)
        checker.conclude()
        return checker


def line(seed: int, checker: LiveChecker) -> str:
    backfilled = sum(len(told.backfilled) for told in checker.telling.told.values())
    return (
        f"seed {seed}: {checker.reads} reads, {checker.live} LIVE, {checker.checked} books compared"
        f", wrong {len(checker.mistakes)}; breaks {checker.breaks} = gaps {checker.gaps}; "
        f"{checker.duplicates} duplicates; {backfilled} trades back-filled; "
        f"recovery {percentiles(checker.recoveries_s)}; {checker.bounded} books known in part, "
        f"{checker.audits} audits; heaviest minute {checker.heaviest}"
    )


def check(seed: int, checker: LiveChecker) -> None:
    assert checker.mistakes == []
    assert checker.checked > 100
    assert checker.forgotten < checker.checked / 10
    assert checker.gaps == checker.breaks
    assert checker.gaps > 0
    for pool, line in WEIGHT_LINES.items():
        assert 0 < checker.heaviest[pool] <= line
    if is_shallow(seed):
        assert checker.bounded > 100
        assert checker.audits > 0


@pytest.mark.parametrize("has_episodes", [False, True], ids=["frames", "episodes"])
def test_a_reader_of_real_processes_is_never_lied_to(
    run_dir: Path, has_episodes: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    checker = trouble(run_dir, 7 + has_episodes, has_episodes, 8.0)
    with capsys.disabled():
        print("\n" + line(7 + has_episodes, checker))
    check(7 + has_episodes, checker)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_twenty_runs_and_how_fast_books_come_back(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recoveries: list[float] = []
    for seed in range(1, RUNS + 1):
        has_episodes = seed % 2 == 0
        checker = trouble(run_dir, seed, has_episodes, 15.0)
        with capsys.disabled():
            print("\n" + line(seed, checker), end="", flush=True)
        check(seed, checker)
        if not has_episodes:  # there nothing but the gap itself is in the way
            recoveries += checker.recoveries_s
    with capsys.disabled():
        print(f"\ngap in one symbol to LIVE: {percentiles(recoveries)}")
    assert sorted(recoveries)[int(len(recoveries) * 0.99)] <= RECOVERY_P99_MAX_S
