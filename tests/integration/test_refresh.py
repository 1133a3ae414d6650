"""A market stands still over a reconnect: readers get today's values, and never as LIVE."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway_client import Flag, Quote, Status
from tests.integration.running import Service, Simulator
from tests.waiting import wait_for

SPOT, USDM = "spot:BTCUSDT", "usdm:BTCUSDT"
QUIET = ("spot:btcusdt@bookTicker", "usdm:btcusdt@bookTicker")
STREAMS = (*QUIET, "usdm:btcusdt@depth@100ms")


@pytest.fixture
def run_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="gw-test-", dir="/dev/shm"))
    yield folder / "gw"
    shutil.rmtree(folder, ignore_errors=True)


def best(simulator: Simulator, update_id: int) -> tuple[float, float]:
    """The true best prices at an update id."""
    book = simulator.get("/sim/book", market="usdm", symbol="BTCUSDT", id=update_id)
    return float(book["bids"][0][0]), float(book["asks"][0][0])


def test_a_quiet_quote_is_refreshed_after_a_reconnect_and_live_with_its_stream(
    run_dir: Path,
) -> None:
    with (
        Simulator("--symbols", f"{SPOT},{USDM}") as simulator,
        Service(run_dir, simulator, STREAMS) as service,
    ):
        read = service.gateway.quote
        wait_for(lambda: read(SPOT).is_live and read(USDM).is_live, "both quotes LIVE")
        silent = [{"what": "silent", "target": name, "lasts": 600} for name in QUIET]
        simulator.post("/sim/faults", on=True, episodes=silent)
        before = {name: read(name) for name in (SPOT, USDM)}
        simulator.post("/sim/disconnect")

        def refreshed(name: str) -> Quote | None:
            quote: Quote = read(name)
            is_fetched = Flag.BACKFILLED in quote.flags
            assert not (is_fetched and quote.is_live)
            return quote if is_fetched else None

        for name in (SPOT, USDM):
            quote = wait_for(partial(refreshed, name), f"a fetched value of {name}")
            assert quote.state in (Status.SYNCING, Status.STALE)  # the latter where all is slow
            assert quote.mono_recv > before[name].mono_recv
        quote = read(USDM)
        assert quote.update_id > before[USDM].update_id
        assert (float(quote.bid_px), float(quote.ask_px)) == best(simulator, quote.update_id)

        simulator.post("/sim/faults", on=False)
        wait_for(lambda: read(SPOT).is_live and read(USDM).is_live, "both LIVE again")
        assert not any(Flag.BACKFILLED in read(name).flags for name in (SPOT, USDM))
