"""The venue refuses handshakes: the gateway stays away, says so, shows it, and comes back.

The classes are those of the venue's penalties (rest-api.md "LIMITS"): 429 and 418 say in
Retry-After how long; after 403 (firewall) and 451 (place) a long wait is right, made short here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import GATEWAY, Service, Simulator
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SYMBOL = "spot:BTCUSDT"
STREAMS = ("spot:btcusdt@depth@100ms", "spot:btcusdt@bookTicker")
HOLD_S = 4
SLACK_S = 0.05  # of clocks that are read one after the other
# Run by every interpreter that starts with it on its path.
SHORT_HOLDS = f"import gateway.shard.refusal as refusal\nrefusal.FORBIDDEN_S = {HOLD_S}.0\n"


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Simulator, Service]]:
    """A simulator, and a gateway that is LIVE on it."""
    folder = Path(tempfile.mkdtemp(prefix="gw-test-", dir="/dev/shm"))
    (folder / "sitecustomize.py").write_text(SHORT_HOLDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join((str(folder), str(ROOT))))
        with (
            Simulator("--symbols", SYMBOL) as simulator,
            Service(folder / "gw", simulator, STREAMS) as service,
        ):
            service.wait_live([SYMBOL])
            yield simulator, service
    shutil.rmtree(folder, ignore_errors=True)


def handshakes(simulator: Simulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = simulator.get("/sim/status")["handshakes"]
    return found


def log_of(service: Service, status: int) -> list[str]:
    lines = service.log.read_text().splitlines()
    return [line for line in lines if f" HTTP {status}: " in line]


def status_of(service: Service) -> str:
    """What ``gateway status`` says."""
    command = [*GATEWAY, "status", "--run-dir", str(service.run_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def states(service: Service) -> set[str]:
    gateway = service.gateway
    return {gateway.book(SYMBOL, levels=1).state.name, gateway.quote(SYMBOL).state.name}


@pytest.mark.parametrize("status", [403, 418, 429, 451])
def test_gateway_stays_away_says_so_and_comes_back(
    pair: tuple[Simulator, Service], status: int
) -> None:
    simulator, service = pair
    before = len(handshakes(simulator))
    simulator.post("/sim/refuse", status=status, count=1, retry_after=HOLD_S)
    simulator.post("/sim/shutdown")  # another connection is tried at once
    wait_for(lambda: len(handshakes(simulator)) > before, "the refused attempt")
    assert simulator.post("/sim/disconnect") == {"closed": 1}
    wait_for(lambda: states(service) == {"DOWN"}, "the book going DOWN")
    address = simulator.addresses["ws"].removeprefix("ws://")
    assert f"  refused     {address}: HTTP {status}, left alone for " in status_of(service)
    service.wait_live([SYMBOL])
    refused, *tried = handshakes(simulator)[before:]
    assert refused["status"] == status
    assert {attempt["status"] for attempt in tried} == {101}
    # by the venue's own count nobody knocked before the hold was over
    assert refused["age_s"] - tried[0]["age_s"] >= HOLD_S - SLACK_S
    (line,) = log_of(service, status)
    assert f"{address}: HTTP {status}: " in line
    assert line.endswith(f"; staying away for {HOLD_S} s")
    assert simulator.get("/sim/status")["violations"] == 0
