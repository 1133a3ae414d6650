"""A simulator whose market stands still, so that a test alone says what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.simulator.frames import combined_frame
from gateway.simulator.player import ReplayOptions
from gateway.simulator.rules import Rules
from gateway.simulator.simulator import Simulator, SimulatorOptions

from .tiny import Tiny


def still(tmp_path: Path, **rules: Any) -> Simulator:
    """Return a simulator of a paused capture of all three markets under ``rules``."""
    files = (
        Tiny("spot", "AAAUSDT").write(tmp_path / "spot.gz"),
        Tiny("usdm", "BBBUSDT").write(tmp_path / "usdm.gz"),
        Tiny("coinm", "CCCUSD_PERP").write(tmp_path / "coinm.gz"),
    )
    return Simulator(
        SimulatorOptions(
            replay=files, replay_options=ReplayOptions(paused=True), rules=Rules(**rules)
        )
    )


def publish(simulator: Simulator, key: str, *payloads: bytes) -> None:
    """Send payloads on a stream."""
    for payload in payloads:
        simulator.hub.publish(key, combined_frame(key.partition(":")[2], payload))
    simulator.hub.flush()
